/** The client: a field for each resource of the API. */

import { ApiKeys, Audit, MasterKeys, PortalLinks, Sessions } from "./resources/access.js";
import { Accounts } from "./resources/accounts.js";
import { Automations } from "./resources/automations.js";
import { Connections } from "./resources/connections.js";
import { Deliveries } from "./resources/deliveries.js";
import { EventTypes } from "./resources/event-types.js";
import { Events } from "./resources/events.js";
import { Search } from "./resources/search.js";
import { SigningKeys } from "./resources/signing-keys.js";
import { StatisticsOverTime } from "./resources/statistics.js";
import { type ClientOptions, Transport } from "./transport.js";

/** A client of one installation. It keeps no connection of its own, and needs no closing. */
export class Postrider {
  readonly accounts: Accounts;
  readonly signingKeys: SigningKeys;
  readonly automations: Automations;
  readonly connections: Connections;
  readonly events: Events;
  readonly deliveries: Deliveries;
  readonly eventTypes: EventTypes;
  readonly apiKeys: ApiKeys;
  readonly portalLinks: PortalLinks;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly masterKey: MasterKeys;
  readonly statistics: StatisticsOverTime;
  readonly search: Search;

  /**
   * Without options, it reads the variables `POSTRIDER_URL` and `POSTRIDER_API_KEY`, as the command line
   * does.
   */
  constructor(options: ClientOptions = {}) {
    const transport = new Transport(options);
    this.accounts = new Accounts(transport);
    this.signingKeys = new SigningKeys(transport);
    this.automations = new Automations(transport);
    this.connections = new Connections(transport);
    this.events = new Events(transport);
    this.deliveries = new Deliveries(transport);
    this.eventTypes = new EventTypes(transport);
    this.apiKeys = new ApiKeys(transport);
    this.portalLinks = new PortalLinks(transport);
    this.sessions = new Sessions(transport);
    this.audit = new Audit(transport);
    this.masterKey = new MasterKeys(transport);
    this.statistics = new StatisticsOverTime(transport);
    this.search = new Search(transport);
  }
}
