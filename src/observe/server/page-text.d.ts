// The type of `#page`: a module that `npm run build:page` generates next to the rest of the build.

/** The live page as HTML, with `{{nonce}}` in the places of the nonce. */
export declare const page: string
