// The API of an installation. Requests go to its nodes in turn.
const REQUEST_TIMEOUT_MS = 30_000;

export class Api {
  constructor(urls, key) {
    this.urls = urls;
    this.key = key;
    this.turn = 0;
  }

  withKey(key) {
    return new Api(this.urls, key);
  }

  // The status; 0 if there was no response, which a run survives.
  async call(method, path, body) {
    try {
      const response = await this.send(method, path, body);
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  async expect(status, method, path, body) {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  }

  send(method, path, body) {
    this.turn = (this.turn + 1) % this.urls.length;
    const headers = { authorization: `Bearer ${this.key}`, "content-type": "application/json" };
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return fetch(this.urls[this.turn] + path, { method, headers, body: body && JSON.stringify(body), signal });
  }
}
