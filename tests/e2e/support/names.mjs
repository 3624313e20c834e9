// Names that no other test uses, so that tests may share a relay.

import { randomBytes } from 'node:crypto';

let count = 0;

/** "room" becomes something like "room-3-9f0c2a". */
export const fresh = (word) => `${word}-${++count}-${randomBytes(3).toString('hex')}`;

/** Text that can be searched for in a log without finding anything else. */
export const marker = (word) => `${word}${randomBytes(12).toString('hex')}`;
