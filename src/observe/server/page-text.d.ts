// What `#page` is: a module that `npm run build:page` makes, beside the rest of the build.

/** The live page as one piece of HTML, with `{{nonce}}` where each reply has a number of its own. */
export declare const page: string
