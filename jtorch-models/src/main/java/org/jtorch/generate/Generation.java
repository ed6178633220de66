package org.jtorch.generate;

/// One sampled answer, with what a policy gradient needs. n tokens.
///
/// @param tokens the new tokens, a stop token at the end included
/// @param logProbs of each token under the model: float32 log-softmax over its logits as they are, before temperature, filters and
///     penalty. A forward over the whole text gives the same up to rounding. `[n]`
/// @param drawnLogProbs of each token under the distribution that it was drawn from: after penalty, temperature and filters; 0 where
///     only one token was left. `[n]`
/// @param stopped true if a stop token ended it, false if `max_new_tokens` did
public record Generation(long[] tokens, float[] logProbs, float[] drawnLogProbs, boolean stopped) {}
