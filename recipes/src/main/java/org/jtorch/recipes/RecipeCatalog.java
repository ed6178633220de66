package org.jtorch.recipes;

import java.util.List;
import org.jtorch.recipes.config.RecipeSource;

/// Where recipes come from: those built in, by name, and files, by path.
public interface RecipeCatalog {
  /// A built-in recipe and the first line of its header comment.
  record Listing(String name, String purpose) {}

  /// The built-in recipes in the order of the index.
  List<Listing> list();

  /// A recipe by the name of a built-in one, or by path: `quickstart`, `./x.yaml`, `x.yaml`.
  ///
  /// @throws IllegalArgumentException if there is none, with the nearest name
  RecipeSource find(String nameOrPath);
}
