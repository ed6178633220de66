package org.jtorch.recipes.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// A list whose items, and the items of lists in them, are laid over a [Shared] block beside it: an item takes each key of the block that
/// its record has and that it does not give itself; blocks merge key by key.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface LaidOver {
  /// The key of the block.
  String value();
}
