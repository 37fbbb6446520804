// Forms whose answer comes bit by bit while the work goes on (`data-progress`): the page's part of that id is shown anew
// with each bit.
export function progress(_enliven) {}
