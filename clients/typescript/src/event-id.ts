/** Ids of events, so that a request that is repeated reports one event. */

import { randomBytes } from "node:crypto";

/** Crockford's base32 in lower case (TypeID 0.3). */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** A new event id: `evt_` and a UUIDv7 (RFC 9562 section 5.7) in 26 characters. */
export function newEventId(nowMs = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  let value = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (let digit = 0; digit < 26; digit++) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return `evt_${text}`;
}
