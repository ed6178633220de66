package org.jtorch.recipes.config;

/// A block of keys that stands under every item of a list, see [LaidOver]. Its values are bound where the items are.
///
/// @param text the block as YAML on one line
public record Shared(String text) {}
