package org.jtorch.recipes.claims;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// A rule over measures. All but [Similar] and [Enough] compare two numbers of every seed: the rule holds if the difference has the right sign on every
/// seed, or if its mean has and the paired t-test gives p below 0.05.
public sealed interface Check {
  /// What the rule says of the measures of all seeds.
  List<Outcome> of(Measured measured);

  /// The measures it names.
  List<String> names();

  /// One measure lies below another.
  @Named("less")
  record Less(
      @Doc("the measure that should be the smaller one") String less,
      @Doc("the other") String than,
      @Doc("how many times the smaller one should still be smaller") @Default("1") double factor) implements Check {
    public Less {
      if (!(factor > 0)) {
        throw new IllegalArgumentException("`factor` must be > 0 but was " + factor + "; 1 is usual");
      }
    }

    @Override public List<Outcome> of(Measured m) {
      double[] low = m.of(less);
      double[] high = m.of(than);
      double[] d = IntStream.range(0, low.length).mapToDouble(i -> high[i] - factor * low[i]).toArray();
      return List.of(Outcome.signed((factor == 1 ? "" : plain(factor) + " times ") + less + " < " + than, d));
    }

    @Override public List<String> names() {
      return List.of(less, than);
    }
  }

  /// Measures from the smallest to the greatest; each neighbour is compared.
  @Named("ordered")
  record Ordered(@Doc("measures, the smallest first") List<String> values) implements Check {
    public Ordered {
      if (values.size() < 2) {
        throw new IllegalArgumentException("`values` needs two measures or more but has " + values);
      }
    }

    @Override public List<Outcome> of(Measured m) {
      var outcomes = new ArrayList<Outcome>();
      for (int i = 1; i < values.size(); i++) {
        outcomes.addAll(new Less(values.get(i - 1), values.get(i), 1).of(m));
      }
      return outcomes;
    }

    @Override public List<String> names() {
      return values;
    }
  }

  /// A measure lies below a number.
  @Named("below")
  record Below(String value, @Doc("chosen before anything was measured") double bound) implements Check {
    @Override public List<Outcome> of(Measured m) {
      double[] v = m.of(value);
      return List.of(Outcome.signed(value + " < " + plain(bound), IntStream.range(0, v.length).mapToDouble(i -> bound - v[i]).toArray()));
    }

    @Override public List<String> names() {
      return List.of(value);
    }
  }

  /// A measure lies above a number.
  @Named("above")
  record Above(String value, @Doc("chosen before anything was measured") double bound) implements Check {
    @Override public List<Outcome> of(Measured m) {
      double[] v = m.of(value);
      return List.of(Outcome.signed(value + " > " + plain(bound), IntStream.range(0, v.length).mapToDouble(i -> v[i] - bound).toArray()));
    }

    @Override public List<String> names() {
      return List.of(value);
    }
  }

  /// Two measures do not differ: p is not below 0.05. Three seeds show only a large difference, so the interval is told along.
  @Named("no_difference")
  record NoDifference(String one, String other) implements Check {
    @Override public List<Outcome> of(Measured m) {
      double[] a = m.of(one);
      double[] b = m.of(other);
      double[] d = IntStream.range(0, a.length).mapToDouble(i -> b[i] - a[i]).toArray();
      var test = PairedTest.of(d);
      return List.of(new Outcome(one + " = " + other, !(test.p() < Outcome.LEVEL), d));
    }

    @Override public List<String> names() {
      return List.of(one, other);
    }
  }

  /// The means of measures are all above zero and none is more than `factor` times another.
  @Named("similar")
  record Similar(List<String> values, @Default("2") double factor) implements Check {
    public Similar {
      if (values.size() < 2 || !(factor >= 1)) {
        throw new IllegalArgumentException("`values` needs two measures or more and `factor` must be >= 1, but they were " + values + " and "
            + factor + "; e.g. factor: 2");
      }
    }

    @Override public List<Outcome> of(Measured m) {
      double[] means = values.stream().mapToDouble(v -> PairedTest.of(m.of(v)).mean()).sorted().toArray();
      double least = means[0];
      double most = means[means.length - 1];
      String text = "the means of " + String.join(", ", values) + " within a factor of " + plain(factor);
      return List.of(new Outcome(text, least > 0 && most <= factor * least, least > 0 ? new double[] {most / least} : new double[] {}));
    }

    @Override public List<String> names() {
      return values;
    }
  }

  /// Of several rules so many hold; what each came to is part of the text.
  @Named("enough")
  record Enough(List<Check> rules, @Doc("how many of them") int hold) implements Check {
    public Enough {
      if (hold < 1 || hold > rules.size()) {
        throw new IllegalArgumentException("`hold` must be from 1 to " + rules.size() + ", the number of `rules`, but was " + hold);
      }
    }

    @Override public List<Outcome> of(Measured m) {
      var outcomes = rules.stream().flatMap(rule -> rule.of(m).stream()).toList();
      long holding = outcomes.stream().filter(Outcome::holds).count();
      String each = outcomes.stream().map(o -> (o.holds() ? "holds: " : "fails: ") + o.describe()).collect(Collectors.joining("; "));
      return List.of(new Outcome(hold + " of " + outcomes.size() + " hold (" + each + ")", holding >= hold, new double[] {holding}));
    }

    @Override public List<String> names() {
      return rules.stream().flatMap(rule -> rule.names().stream()).toList();
    }
  }

  private static String plain(double value) {
    return String.format(Locale.ROOT, "%s", value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value));
  }
}
