export { type Conversation, type ConversationOptions, converse } from "./conversation";
export { type HostGraph, hostGraphOf } from "./host-graph";
export { type Journey, journey } from "./journey";
export type { JourneyOptions, JourneyOutcome, WorldState } from "./journey-outcome";
