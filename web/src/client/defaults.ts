import type { ChatOptions, SamplingParams } from '../protocol.ts';

export const defaultSampling: SamplingParams = {
  temperature: 0.7,
  top_k: 40,
  top_p: 0.95,
  min_p: 0.05,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  penalty_window: 64,
  seed: 1,
};

export const defaultChatOptions: ChatOptions = {
  sampling: defaultSampling,
  maxTokens: 1024,
  stop: [],
  answerSoFar: '',
};
