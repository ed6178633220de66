package org.jtorch.data;

/// Two answers to one prompt, of which the first was preferred.
public record Pair(TokenRow chosen, TokenRow rejected) {}
