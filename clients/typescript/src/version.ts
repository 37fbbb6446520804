/** The version of this package, which is the version of Postrider. */
export const VERSION = "0.1.0";
