package org.jtorch.recipes.generate;

/// What a model wrote.
///
/// @param tokens how many tokens it made, a stop token included
/// @param stopped whether a stop token ended it; otherwise the limit did
public record Answer(String text, int tokens, boolean stopped) {}
