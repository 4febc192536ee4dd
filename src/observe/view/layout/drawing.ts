import type { Size } from './wrap.ts'

/** A place in a drawing. */
export interface Spot {
  readonly x: number
  readonly y: number
}

/** A box to be drawn. */
export interface Box {
  readonly key: string
  readonly height: number
  /** The key of the group that it belongs to. */
  readonly group?: string | undefined
}

/** A group of boxes and of other groups. */
export interface GroupBox {
  readonly key: string
  /** The key of the group that it belongs to. */
  readonly group?: string | undefined
}

/** A line between two boxes, by their keys. */
export interface Link {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** The measures of a drawing. */
export interface Spacing {
  /** How wide each box is. */
  readonly width: number
  /** Between two layers, where the lines are. */
  readonly layerGap: number
  /** Between two boxes of a layer. */
  readonly rowGap: number
  /** The least number of unconnected boxes in a row. */
  readonly looseInRow: number
  /** Within a group, above its content. */
  readonly groupHead?: number
  /** Within a group, on the other sides of its content. */
  readonly groupPad?: number
}

/** Where a box or a group is drawn. */
export interface Placed extends Spot, Size {
  /** Its column among those around it: 0 is leftmost. */
  readonly layer: number
}

/** A graph as it is drawn. */
export interface Drawing extends Size {
  /** By key, in reading order. */
  readonly boxes: ReadonlyMap<string, Placed>
  /** By key, outer ones before inner ones. */
  readonly groups: ReadonlyMap<string, Placed>
  /** By key: from the right side of a box, between the boxes in its way, to the left side of another. */
  readonly lines: ReadonlyMap<string, readonly Spot[]>
}
