// What was clicked and is not known to be saved. It is written down before the first try, with its request id: however often the same click is sent, by this
// process or the next one, veto does it once.

import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

export class Pending {
  #file;
  #clicks; // by account: {action, requestId}

  constructor(file) {
    this.#file = file;
    try {
      this.#clicks = new Map(Object.entries(JSON.parse(readFileSync(file, "utf8"))));
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      this.#clicks = new Map();
    }
  }

  // The click of an account that waits to be saved; undefined: none does.
  of(account) {
    return this.#clicks.get(account);
  }

  accounts() {
    return [...this.#clicks.keys()];
  }

  // The same click again keeps its request id; another takes the place of the one that waits.
  add(account, action) {
    if (this.of(account)?.action !== action) {
      this.#clicks.set(account, { action, requestId: randomUUID() });
      this.#write();
    }
    return this.of(account);
  }

  saved(account, click) {
    if (this.of(account)?.requestId === click.requestId) {
      this.#clicks.delete(account);
      this.#write();
    }
  }

  #write() {
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#clicks)), { flush: true });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
