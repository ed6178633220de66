package org.jtorch.recipes.config;

/// What a recipe takes from elsewhere, as it is written: the name of an earlier stage, or the path of a folder.
public record Reference(String text) {
  public Reference {
    if (text.isBlank()) {
      throw new IllegalArgumentException("expected the name of an earlier stage or the path of a folder, got nothing; e.g. core");
    }
  }

  @Override public String toString() {
    return text;
  }
}
