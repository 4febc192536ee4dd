/** What a callback may return: events; events or nothing; or nothing at all. */
export type ResultRule = 'events' | 'events or nothing' | 'nothing'
