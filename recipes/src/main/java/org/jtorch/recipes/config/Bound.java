package org.jtorch.recipes.config;

/// A recipe as a record, and the same as a tree that tells where each value came from.
public record Bound<R>(R value, Resolved resolved) {}
