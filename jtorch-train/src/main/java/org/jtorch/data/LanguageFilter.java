package org.jtorch.data;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Tells English from other languages by their function words ("stop words"), which make up a quarter to a half of any
/// running text. English needs a fifth of its own words, twice as many as any other language has, and hardly a letter
/// outside ASCII; a text too short to tell is not English.
public final class LanguageFilter {
  private static final Pattern WORD = Pattern.compile("\\p{L}+");
  private static final double LEAST_SHARE = 0.18;
  private static final double MOST_FOREIGN_LETTERS = 0.02;
  private static final Map<String, Set<String>> STOP_WORDS = new HashMap<>();

  static {
    add("en", "the of and to in is that for this on are be we it as with by have not which will has at an or from but they"
        + " was were he she his her you i my me our their there been would can all so what when who if do said had");
    add("fr", "le la les de des du et en un une que qui est dans pour par sur ce cette nous vous il elle ne pas au aux avec sont se");
    add("de", "der die das und in den von zu mit ist des dem nicht ein eine für auf sich auch es als wir ich sie daß dass werden");
    add("es", "el la los las de y en que un una es por para con no se del al lo su como más esta pero nos ha");
    add("it", "il la le di e che in un una è per con non del della si i da al alla sono ha più come questo gli nel");
    add("pt", "o a os as de e que em um uma é para com não do da dos das no na se por mais como ao à");
    add("nl", "de het een en van in is dat op te voor met zijn niet aan die er om ook wij ik dit wordt als door hebben");
    add("sv", "och att det i en som på är av för med till den har inte vi de ett om jag kan detta så");
    add("da", "og at det i en som på er af for med til den har ikke vi de et om jeg kan der dette så");
    add("no", "og å det i en som på er av for med til den har ikke vi de et om jeg kan der dette så");
    add("fi", "ja on ei että se ovat tämä myös mutta oli joka ole kuin jos hän ne sekä niin mitä voi");
    add("pl", "i w na z do nie się że to jest o a po jak przez dla za od są ale tak");
    add("cs", "a v na se je že to z do s o i by pro za jsme k není ale jako");
    add("hu", "a az és hogy nem is egy ez van meg de azt ezt kell volt csak már mint vagy");
    add("ro", "și de în a la cu pe că nu din o un este pentru care mai sunt prin se să");
    add("lt", "ir kad yra į tai su ne iš apie bet kaip mes bei dėl už");
    add("lv", "un ir ka par to no ar tas kas bet kā mēs arī lai ne uz");
    add("et", "ja on et ei see ning kui mis ka oma meie selle või aga");
    add("sl", "in je da na v se za ki so ne to z bi pa kot tudi");
    add("id", "yang dan di dari untuk dengan ini itu pada tidak akan dalam adalah ke juga");
  }

  private LanguageFilter() {}

  private static void add(String language, String words) {
    STOP_WORDS.put(language, Set.copyOf(List.of(words.split(" "))));
  }

  public static boolean isEnglish(String text) {
    List<String> words = WORD.matcher(text).results().map(w -> w.group().toLowerCase(Locale.ROOT)).toList();
    long letters = text.codePoints().filter(Character::isLetter).count();
    long foreign = text.codePoints().filter(c -> c > 127 && Character.isLetter(c)).count();
    if (words.isEmpty() || foreign > MOST_FOREIGN_LETTERS * letters) {
      return false;
    }
    long english = hits("en", words);
    return english >= 2 && english >= LEAST_SHARE * words.size()
        && STOP_WORDS.keySet().stream().filter(l -> !l.equals("en")).noneMatch(l -> 2 * hits(l, words) > english);
  }

  private static long hits(String language, List<String> words) {
    Set<String> stop = STOP_WORDS.getOrDefault(language, Set.of());
    return words.stream().filter(stop::contains).count();
  }
}
