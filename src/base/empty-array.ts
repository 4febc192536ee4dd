/** The empty array, frozen: an answer that says nothing costs nothing. */
export const emptyArray: readonly never[] = Object.freeze([])
