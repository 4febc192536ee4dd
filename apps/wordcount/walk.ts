import { lstat, opendir } from 'node:fs/promises'
import { sep } from 'node:path'
import type { Meter } from './meter.ts'
import { reasonOf } from './reason.ts'

/** The most bytes of a file that are one event. */
const pieceSize = 128 << 10

/**
 * A part of a file, from byte `start` up to, but not with, byte `end`.
 *
 * Readers ask for pieces, not for files: a file may have a byte or a terabyte, so demand for files would not express an
 * amount of work. A piece is bounded, so the data in flight is bounded, and all readers can share one large file.
 */
export interface Piece {
  /** As bytes, because a name need not be UTF-8. */
  readonly path: Buffer
  /** 0 for the first piece of a file; even an empty file has one. */
  readonly start: number
  /** `Infinity` if it ends with the file. */
  readonly end: number
}

/** A file or folder that could not be read. */
export interface Unreadable {
  readonly path: Buffer
  readonly reason: string
}

/**
 * The regular files under a folder, in pieces. It can be iterated once. Symbolic links are not followed.
 *
 * It reads on only when the next item is requested, and keeps at most one open folder per level, however many entries a
 * folder has. So it can walk more than fits into memory. The pieces of a large file are created one by one too.
 */
export class Walk implements AsyncIterable<Piece | Unreadable> {
  /** Whether the walk has reached its end; false if the iteration was stopped early. */
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
   * Begins at a folder. The folder itself may be a symbolic link.
   *
   * Rejects if the folder does not exist or cannot be opened.
   */
  static async from(folder: string, meter: Meter): Promise<Walk> {
    const path = Buffer.from(folder)
    return new Walk(path, await openFolder(path), meter)
  }

  /** Closes the folder of a walk that is not iterated. An iteration closes it by itself. */
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
      // Files of size 0 may have content, such as those under /proc, so only their reader sees where they end.
      yield { path, start, end: size === 0 ? Number.POSITIVE_INFINITY : Math.min(size, start + pieceSize) }
    }
  }
}

const separator = Buffer.from(sep)

function joined(folder: Buffer, name: Buffer): Buffer {
  const endsWithSeparator = folder.at(-1) === separator[0]
  return Buffer.concat(endsWithSeparator ? [folder, name] : [folder, separator, name])
}

/** The entries of a folder that is opened with names as bytes, which Node's types do not declare. */
interface Entry {
  readonly name: Buffer
  isFile(): boolean
  isDirectory(): boolean
}

/** Closed at the end of an iteration, even if that is stopped early. */
interface Folder extends AsyncIterable<Entry> {
  close(): Promise<void>
}

async function openFolder(path: Buffer): Promise<Folder> {
  const folder: unknown = await opendir(path, { encoding: 'buffer' as BufferEncoding })
  return folder as Folder
}
