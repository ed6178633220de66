package org.jtorch.recipes;

/// The record of a recipe that can be one of several stages.
public interface Stage {
  /// Names its folder, and what it leaves for later stages.
  String name();
}
