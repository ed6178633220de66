package org.jtorch.adapter;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which products of a model an adapter goes on, by their names in the checkpoint (`model.layers.0.self_attn.q_proj`),
/// in PEFT's three ways.
public sealed interface Targets {
  /// @param module the name of a product in the checkpoint
  boolean matches(String module);

  /// Every product but the head: a language model's output matrix, or all layers of a classifier's head.
  record AllLinear() implements Targets {
    @Override public boolean matches(String module) {
      return true;
    }
  }

  /// A regular expression for the whole name.
  record Regex(String regex) implements Targets {
    public Regex {
      var _ = Pattern.compile(regex);
    }

    @Override public boolean matches(String module) {
      return module.matches(regex);
    }
  }

  /// Names, or ends of names after a dot; of these only in some layers, if any are given.
  ///
  /// @param names such as `q_proj`
  /// @param layers numbers of layers; empty for all
  /// @param listNames what the list of layers is called in the checkpoint (`layers`); empty for any name
  record Named(List<String> names, List<Integer> layers, List<String> listNames) implements Targets {
    public Named {
      names = List.copyOf(names);
      layers = List.copyOf(layers);
      listNames = List.copyOf(listNames);
      if (names.isEmpty()) {
        throw new IllegalArgumentException("`target_modules` is empty; name at least one product, such as \"q_proj\"");
      }
      if (layers.isEmpty() && !listNames.isEmpty()) {
        throw new IllegalArgumentException("`layers_pattern` is given without `layers_to_transform`; give both or neither");
      }
    }

    @Override public boolean matches(String module) {
      return names.contains(module)
          || (names.stream().anyMatch(n -> module.endsWith("." + n)) && (layers.isEmpty() || layers.contains(layer(module))));
    }

    /// The names that match none of `modules`.
    List<String> withoutMatch(List<String> modules) {
      return names.stream().filter(n -> modules.stream().noneMatch(m -> m.equals(n) || m.endsWith("." + n))).toList();
    }

    /// The number of the module's layer, or -1.
    private int layer(String module) {
      if (listNames.isEmpty()) {
        return number(Pattern.compile(".*?\\.[^.]*\\.(\\d+)\\..*").matcher(module));
      }
      return listNames.stream().map(n -> number(Pattern.compile("(?:.*?\\.)?" + n + "\\.(\\d+)\\..*").matcher(module)))
          .filter(i -> i >= 0).findFirst().orElse(-1);
    }

    private static int number(Matcher m) {
      return m.matches() ? Integer.parseInt(m.group(1)) : -1;
    }
  }
}
