# The workloads W1 to W5 in GenStage itself, on the BEAM: prints a line of JSON, as measure.ts does.
#
#     elixir --erl "+S 1:1" -pa PATH-TO-GENSTAGE/ebin beam.exs WORKLOAD SECONDS
#
# `prove` instead of SECONDS runs it once, and looks at the order of each consumer in W3 and W4 too.

defmodule Integers do
  use GenStage

  def init({count, dispatcher, mode}), do: {:producer, {0, count}, dispatcher: dispatcher, demand: mode}

  def handle_demand(demand, {next, count}) when next < count do
    size = min(demand, count - next)
    {:noreply, Enum.to_list(next..(next + size - 1)), {next + size, count}}
  end

  def handle_demand(_demand, state), do: {:noreply, [], state}
end

defmodule Double do
  use GenStage

  def init(source), do: {:producer_consumer, nil, subscribe_to: [source]}
  def handle_events(events, _from, state), do: {:noreply, Enum.map(events, &(&1 * 2)), state}
end

# Counts and sums; says so when all consumers together have what there is. `last` holds the last event of each key, or of
# all where there is none, and is shared; nil where the order is not looked at.
defmodule Sum do
  use GenStage

  def init(options), do: {:consumer, Map.merge(options, %{count: 0, sum: 0, ordered: true}), subscribe_to: [options.source]}

  def handle_events(events, _from, state) do
    {count, sum, ordered} = add(events, 0, 0, state.ordered, state.last, state.keys)
    :counters.add(state.total, 1, count)
    if :counters.get(state.total, 1) >= state.expected, do: send(state.parent, {:all, state.total})
    {:noreply, [], %{state | count: state.count + count, sum: state.sum + sum, ordered: ordered}}
  end

  def handle_call(:outcome, _from, state), do: {:reply, {state.count, state.sum, state.ordered}, [], state}

  defp add([event | events], count, sum, ordered, nil, keys),
    do: add(events, count + 1, sum + event, ordered, nil, keys)

  defp add([event | events], count, sum, ordered, last, keys) do
    ordered = :atomics.exchange(last, rem(event, keys) + 1, event) < event and ordered
    add(events, count + 1, sum + event, ordered, last, keys)
  end

  defp add([], count, sum, ordered, _last, _keys), do: {count, sum, ordered}
end

defmodule Bench do
  @keys 1_000
  @consumers 4

  def run(workload, count, proving \\ false) do
    total = :counters.new(1, [:atomics])
    {expected, sum} = expected(workload, count)
    mode = if workload in ["W4", "W5"], do: :accumulate, else: :forward
    {:ok, source} = GenStage.start_link(Integers, {count, dispatcher(workload), mode})
    shared = %{total: total, expected: expected, parent: self(), last: last(workload), keys: keys(workload), proving: proving}
    {between, consumers} = stages(workload, source, shared)
    if mode == :accumulate, do: GenStage.demand(source, :forward)

    receive do
      {:all, ^total} -> :ok
    end

    outcomes = for consumer <- consumers, do: GenStage.call(consumer, :outcome)

    for stage <- [source | between] ++ consumers do
      Process.unlink(stage)
      Process.exit(stage, :kill)
    end

    flush(total)
    check(workload, outcomes, expected, sum)
  end

  defp stages(workload, source, shared) when workload in ["W1", "W2"] do
    options = if workload == "W2", do: [max_demand: 1, min_demand: 0], else: []
    {:ok, double} = GenStage.start_link(Double, {source, options})
    {:ok, sum} = GenStage.start_link(Sum, Map.put(shared, :source, {double, options}))
    {[double], [sum]}
  end

  defp stages(workload, source, shared) do
    consumers =
      for partition <- 0..(@consumers - 1) do
        options = if workload == "W5", do: [partition: partition], else: []
        last = if shared.proving and workload != "W5", do: last_events(), else: shared.last
        {:ok, sum} = GenStage.start_link(Sum, Map.merge(shared, %{source: {source, options}, last: last}))
        # A subscription is a message: this one has been sent once the consumer answers.
        GenStage.call(sum, :outcome)
        sum
      end

    {[], consumers}
  end

  defp dispatcher("W4"), do: GenStage.BroadcastDispatcher

  defp dispatcher("W5") do
    hash = fn event -> {event, :erlang.phash2(rem(event, @keys), @consumers)} end
    {GenStage.PartitionDispatcher, partitions: @consumers, hash: hash}
  end

  defp dispatcher(_workload), do: GenStage.DemandDispatcher

  defp keys("W5"), do: @keys
  defp keys(_workload), do: 1

  defp last(workload) when workload in ["W1", "W2", "W5"], do: last_events()
  defp last(_workload), do: nil

  defp last_events do
    last = :atomics.new(@keys, [])
    for key <- 1..@keys, do: :atomics.put(last, key, -1)
    last
  end

  defp expected(workload, count) do
    sum = div(count * (count - 1), 2)

    case workload do
      each when each in ["W1", "W2"] -> {count, 2 * sum}
      "W4" -> {@consumers * count, @consumers * sum}
      _other -> {count, sum}
    end
  end

  defp check(workload, outcomes, expected, sum) do
    got = Enum.reduce(outcomes, {0, 0, true}, fn {n, s, o}, {count, sum, ordered} -> {count + n, sum + s, ordered and o} end)
    if got != {expected, sum, true}, do: raise("#{workload}: expected #{inspect({expected, sum, true})}, got #{inspect(got)}")
  end

  defp flush(total) do
    receive do
      {:all, ^total} -> flush(total)
    after
      0 -> :ok
    end
  end

  defp cpu_time, do: :erlang.statistics(:runtime) |> elem(0)

  # Runs more and more events, until everything is warm and a run takes a good part of the window.
  defp warm_up(workload, count, window, begin) do
    before = cpu_time()
    run(workload, count)
    taken = max(cpu_time() - before, 1)
    fitting = ceil(count * window / 2 / taken)

    if cpu_time() - begin >= 400 and taken > window / 8,
      do: fitting,
      else: warm_up(workload, min(count * 6, max(count, fitting)), window, begin)
  end

  defp measure(workload, count, window, begin, runs) do
    run(workload, count)
    taken = cpu_time() - begin
    if taken < window, do: measure(workload, count, window, begin, runs + 1), else: {runs + 1, taken}
  end

  def main([workload, "prove"]), do: run(workload, 20_123, true)

  def main([workload, seconds]) do
    window = elem(Float.parse(seconds), 0) * 1000
    count = warm_up(workload, 2_000, window, cpu_time())
    {runs, taken} = measure(workload, count, window, cpu_time(), 0)
    IO.puts(~s({"rate":#{count * runs / taken / 1000},"count":#{count},"runs":#{runs},"cpu":#{taken}}))
  end
end

Bench.main(System.argv())
