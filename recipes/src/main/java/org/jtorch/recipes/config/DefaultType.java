package org.jtorch.recipes.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The record of a sealed interface that a block without `type` means, by its name in YAML: `@DefaultType("adamw")`.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface DefaultType {
  /// The name otherwise written after `type:`.
  String value();
}
