/** The class of all typed arrays, `%TypedArray%`, which has no global name. */
const TypedArray: Function = Object.getPrototypeOf(Uint8Array)

/**
 * The length of a typed array, a view, a buffer or a blob in bytes, or `undefined` for any other object. Does not read
 * their keys: they have one for each byte, and listing those of ten megabytes takes seconds.
 *
 * @throws {TypeError} For a proxy of one, which hides its length. What a proxy throws is passed on.
 */
export function byteLengthOf(value: object): number | undefined {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (value instanceof TypedArray || value instanceof DataView) throw new TypeError('the length of a proxy is hidden')
  switch (Object.prototype.toString.call(value)) {
    case '[object ArrayBuffer]':
    case '[object SharedArrayBuffer]':
      return numberIn(value, 'byteLength')
    case '[object Blob]':
    case '[object File]':
      return numberIn(value, 'size')
    default:
      return undefined
  }
}

function numberIn(value: object, key: string): number | undefined {
  const number: unknown = Reflect.get(value, key)
  return typeof number === 'number' ? number : undefined
}
