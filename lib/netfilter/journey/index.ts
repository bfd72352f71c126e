export { type Conversation, type ConversationOptions, converse } from "./conversation";
export { type HostGraph, hostGraphOf } from "./host-graph";
export { type Journey, type JourneyOptions, type JourneyOutcome, journey, type WorldState } from "./journey";
