/** The attributes of an element. One with the value `undefined` is omitted. */
type Attributes = Readonly<Record<string, string | number | undefined>>

/** Creates an HTML element. */
export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

/** Creates an SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

/** Sets attributes, each only if it changes, so that the browser redraws only what has changed. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) element.removeAttribute(name)
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value))
  }
}

/** Sets a text only if it changes, because that would clear a selection in it. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Returns an element that the page must have. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id) ?? document.querySelector(`svg#${id}`)
  if (element instanceof kind) return element
  throw new Error(`expected the page to have a ${kind.name} with the id ${id}`)
}

/** An element that shows an item. */
export interface DomView<Item> {
  readonly element: Element
  update(item: Item): void
}

/**
 * Shows a list of items, one element each.
 *
 * An element is kept while there is an item with its key, so that focus, scrolling and selection are kept, too.
 */
export class ListView<Item> {
  readonly views: Map<string, DomView<Item>> = new Map()
  private readonly parent: Element
  private readonly create: (item: Item) => DomView<Item>

  constructor(parent: Element, create: (item: Item) => DomView<Item>) {
    this.parent = parent
    this.create = create
  }

  /** Shows these items, in this order. */
  show(items: readonly Item[], keyOf: (item: Item) => string): void {
    const keys = new Set(items.map(keyOf))
    for (const [key, { element }] of this.views) {
      if (keys.has(key)) continue
      element.remove()
      this.views.delete(key)
    }
    let before: Element | null = null
    for (const item of items) {
      const key = keyOf(item)
      const view: DomView<Item> = this.views.get(key) ?? this.create(item)
      this.views.set(key, view)
      view.update(item)
      // An element loses the focus when it is moved, so only those out of place are moved.
      const next: Element | null = before === null ? this.parent.firstElementChild : before.nextElementSibling
      if (next !== view.element) this.parent.insertBefore(view.element, next)
      before = view.element
    }
  }
}
