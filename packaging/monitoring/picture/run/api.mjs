// The API of a node.
const REQUEST_TIMEOUT_MS = 30_000;

export class Api {
  constructor(url, key) {
    this.url = url;
    this.key = key;
  }

  withKey(key) {
    return new Api(this.url, key);
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
    const headers = { authorization: `Bearer ${this.key}`, "content-type": "application/json" };
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return fetch(this.url + path, { method, headers, body: body && JSON.stringify(body), signal });
  }
}
