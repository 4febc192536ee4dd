import { lstat, opendir } from 'node:fs/promises'
import { sep } from 'node:path'
import type { Meter } from './meter.ts'
import { reasonOf } from './reason.ts'

/** The most bytes of a file that are one event. */
const pieceSize = 128 << 10

/**
 * A part of a file, from byte `start` up to, but not with, byte `end`.
 *
 * What readers ask for are pieces and not files: a file may be a byte or a terabyte, and to ask for one would say nothing
 * about how much there will be to do. A piece is bounded, so what is under way is bounded, and all readers can take part
 * in one large file.
 */
export interface Piece {
  /** As bytes, since a name need not be UTF-8. */
  readonly path: Buffer
  /** 0 for the first piece of a file; each file has one, also when it is empty. */
  readonly start: number
  /** `Infinity` where it ends with the file. */
  readonly end: number
}

/** A file or folder that could not be read. */
export interface Unreadable {
  readonly path: Buffer
  readonly reason: string
}

/**
 * The regular files under a folder, in pieces, to be iterated over once. Symbolic links are not followed.
 *
 * It goes no further than it is asked to, and keeps no more than one open folder per level, however many entries a
 * folder has, so it can walk through more than fits into memory. The pieces of a large file are made one by one, too.
 */
export class Walk implements AsyncIterable<Piece | Unreadable> {
  /** Whether it has come to its end; it has not if whoever walks has left it. */
  isComplete = false
  private readonly path: Buffer
  private readonly folder: Folder
  private readonly meter: Meter

  private constructor(path: Buffer, folder: Folder, meter: Meter) {
    this.path = path
    this.folder = folder
    this.meter = meter
  }

  /**
   * Begins at a folder, which itself may be given by a symbolic link.
   *
   * Rejects if there is no such folder, or it cannot be opened.
   */
  static async from(folder: string, meter: Meter): Promise<Walk> {
    const path = Buffer.from(folder)
    return new Walk(path, await openFolder(path), meter)
  }

  /** Closes the folder, for somebody who does not walk after all; walking closes it by itself. */
  close(): Promise<void> {
    return this.folder.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece | Unreadable, void> {
    for await (const item of this.entriesOf(this.path, this.folder)) {
      this.meter.found++
      yield item
    }
    this.isComplete = true
  }

  private async *entriesOf(path: Buffer, folder: AsyncIterable<Entry>): AsyncGenerator<Piece | Unreadable, void> {
    try {
      for await (const entry of folder) {
        const entryPath = joined(path, entry.name)
        if (entry.isDirectory()) yield* this.folderAt(entryPath)
        else if (entry.isFile()) yield* this.fileAt(entryPath)
      }
    } catch (error) {
      yield { path, reason: reasonOf(error) }
    }
  }

  private async *folderAt(path: Buffer): AsyncGenerator<Piece | Unreadable, void> {
    let folder: AsyncIterable<Entry>
    try {
      folder = await openFolder(path)
    } catch (error) {
      yield { path, reason: reasonOf(error) }
      return
    }
    yield* this.entriesOf(path, folder)
  }

  private async *fileAt(path: Buffer): AsyncGenerator<Piece | Unreadable, void> {
    let size: number
    try {
      size = (await lstat(path)).size
    } catch (error) {
      yield { path, reason: reasonOf(error) }
      return
    }
    for (let start = 0; start === 0 || start < size; start += pieceSize) {
      // Files of no size may have content all the same, as those under /proc, so only their reader sees where they end.
      yield { path, start, end: size === 0 ? Number.POSITIVE_INFINITY : Math.min(size, start + pieceSize) }
    }
  }
}

const separator = Buffer.from(sep)

function joined(folder: Buffer, name: Buffer): Buffer {
  const endsWithSeparator = folder.at(-1) === separator[0]
  return Buffer.concat(endsWithSeparator ? [folder, name] : [folder, separator, name])
}

/** What a folder's iterator answers when names are asked for as bytes, which Node's types do not know. */
interface Entry {
  readonly name: Buffer
  isFile(): boolean
  isDirectory(): boolean
}

/** Closed by whoever iterates over it to the end, or leaves. */
interface Folder extends AsyncIterable<Entry> {
  close(): Promise<void>
}

async function openFolder(path: Buffer): Promise<Folder> {
  const folder: unknown = await opendir(path, { encoding: 'buffer' as BufferEncoding })
  return folder as Folder
}
