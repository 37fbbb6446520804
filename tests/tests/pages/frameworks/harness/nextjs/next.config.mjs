// The packages are behind a link, outside the project's folder. A reader's are not, and need no such file.
export default { turbopack: { root: "/" } };
