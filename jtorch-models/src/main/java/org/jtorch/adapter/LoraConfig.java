package org.jtorch.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The shape of a LoRA (Hu et al. 2021, arXiv:2106.09685, section 4.1), with PEFT's words.
///
/// @param rank r, the inner width
/// @param alpha α; what A and B make is multiplied with α/r
/// @param targets the products that get one
/// @param exclude of these, the ones that get none; null for no exception
/// @param dropout the share of inputs of A that training sets to zero
/// @param rsLora multiply with α/√r instead (arXiv:2312.03732)
/// @param dora train the length of every row too (Liu et al. 2024, arXiv:2402.09353)
/// @param start how A and B begin
/// @param rankPattern other ranks by the end of the name, a regular expression
/// @param alphaPattern other α likewise
public record LoraConfig(int rank, double alpha, Targets targets, @Nullable Targets exclude, double dropout, boolean rsLora,
    boolean dora, Start start, SequencedMap<String, Integer> rankPattern, SequencedMap<String, Double> alphaPattern) {
  /// How A and B begin; all but [#RANDOM] change nothing at first.
  public enum Start {
    /// A Kaiming uniform (a = √5), B zero.
    KAIMING,
    /// A normal with deviation 1/r, B zero.
    GAUSSIAN,
    /// Both Kaiming uniform: for tests.
    RANDOM
  }

  public LoraConfig {
    require(rank > 0, "`r` must be > 0 but was " + rank + "; 16 is usual");
    require(alpha > 0 && Double.isFinite(alpha), "`lora_alpha` must be > 0 but was " + alpha + "; 2 r is usual");
    require(dropout >= 0 && dropout < 1, "`lora_dropout` must be in [0, 1) but was " + dropout + "; 0.05 is usual");
    rankPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(alphaPattern));
    rankPattern.forEach((k, r) -> require(r > 0, "`rank_pattern` of \"" + k + "\" must be > 0 but was " + r));
  }

  /// Rank and α for the products called so.
  public static LoraConfig of(int rank, double alpha, String... names) {
    return of(rank, alpha, new Targets.Named(List.of(names), List.of(), List.of()));
  }

  public static LoraConfig of(int rank, double alpha, Targets targets) {
    return new LoraConfig(rank, alpha, targets, null, 0, false, false, Start.KAIMING, new LinkedHashMap<>(), new LinkedHashMap<>());
  }

  public LoraConfig withDropout(double p) {
    return new LoraConfig(rank, alpha, targets, exclude, p, rsLora, dora, start, rankPattern, alphaPattern);
  }

  public LoraConfig withRsLora() {
    return new LoraConfig(rank, alpha, targets, exclude, dropout, true, dora, start, rankPattern, alphaPattern);
  }

  public LoraConfig withDora() {
    return new LoraConfig(rank, alpha, targets, exclude, dropout, rsLora, true, start, rankPattern, alphaPattern);
  }

  public LoraConfig withStart(Start s) {
    return new LoraConfig(rank, alpha, targets, exclude, dropout, rsLora, dora, s, rankPattern, alphaPattern);
  }

  public LoraConfig withPatterns(SequencedMap<String, Integer> ranks, SequencedMap<String, Double> alphas) {
    return new LoraConfig(rank, alpha, targets, exclude, dropout, rsLora, dora, start, ranks, alphas);
  }

  boolean wants(String module) {
    return targets.matches(module) && (exclude == null || !exclude.matches(module));
  }

  /// r for this product.
  public int rank(String module) {
    return pick(rankPattern, module, rank);
  }

  /// What `B A` is multiplied with for this product.
  public double scale(String module) {
    double a = pick(alphaPattern, module, alpha);
    return rsLora ? a / Math.sqrt(rank(module)) : a / rank(module);
  }

  private static <V> V pick(Map<String, V> patterns, String module, V fallback) {
    return patterns.entrySet().stream().filter(e -> Pattern.matches("(.*\\.)?(" + e.getKey() + ")", module))
        .map(Map.Entry::getValue).findFirst().orElse(fallback);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
