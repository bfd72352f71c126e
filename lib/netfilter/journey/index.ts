export { type Conversation, type ConversationOptions, converse } from "./conversation";
export { type Journey, type JourneyOptions, type JourneyOutcome, journey, type WorldState } from "./journey";
export { type End, type World, type WorldHost, type WorldOptions, worldOf } from "./world";
