/** The empty array, frozen, for empty results without an allocation. */
export const emptyArray: readonly never[] = Object.freeze([])
