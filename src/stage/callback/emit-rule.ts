/** What a callback may return: events; events or nothing; or nothing at all. */
export type EmitRule = 'events' | 'events or nothing' | 'nothing'
