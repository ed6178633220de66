package org.jtorch.data;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Tells English from other languages by their function words ("stop words"), which make up a quarter to a half of any
/// running text. English needs a fifth of its own words, twice as many as any other language has, and hardly a letter
/// outside ASCII; a text too short to tell is not English.
public final class LanguageFilter {
  private static final double LEAST_SHARE = 0.18;
  private static final double MOST_FOREIGN_LETTERS = 0.02;
  /// The function words of English, then of languages that share letters with it.
  private static final List<String> LANGUAGES = List.of(
      "the of and to in is that for this on are be we it as with by have not which will has at an or from but they"
          + " was were he she his her you i my me our their there been would can all so what when who if do said had",  // en
      "le la les de des du et en un une que qui est dans pour par sur ce cette nous vous il elle ne pas au aux avec sont se",  // fr
      "der die das und in den von zu mit ist des dem nicht ein eine für auf sich auch es als wir ich sie daß dass werden",  // de
      "el la los las de y en que un una es por para con no se del al lo su como más esta pero nos ha",  // es
      "il la le di e che in un una è per con non del della si i da al alla sono ha più come questo gli nel",  // it
      "o a os as de e que em um uma é para com não do da dos das no na se por mais como ao à",  // pt
      "de het een en van in is dat op te voor met zijn niet aan die er om ook wij ik dit wordt als door hebben",  // nl
      "och att det i en som på är av för med till den har inte vi de ett om jag kan detta så",  // sv
      "og at det i en som på er af for med til den har ikke vi de et om jeg kan der dette så",  // da
      "og å det i en som på er av for med til den har ikke vi de et om jeg kan der dette så",  // no
      "ja on ei että se ovat tämä myös mutta oli joka ole kuin jos hän ne sekä niin mitä voi",  // fi
      "i w na z do nie się że to jest o a po jak przez dla za od są ale tak",  // pl
      "a v na se je že to z do s o i by pro za jsme k není ale jako",  // cs
      "a az és hogy nem is egy ez van meg de azt ezt kell volt csak már mint vagy",  // hu
      "și de în a la cu pe că nu din o un este pentru care mai sunt prin se să",  // ro
      "ir kad yra į tai su ne iš apie bet kaip mes bei dėl už",  // lt
      "un ir ka par to no ar tas kas bet kā mēs arī lai ne uz",  // lv
      "ja on et ei see ning kui mis ka oma meie selle või aga",  // et
      "in je da na v se za ki so ne to z bi pa kot tudi",  // sl
      "yang dan di dari untuk dengan ini itu pada tidak akan dalam adalah ke juga");  // id
  /// For each word the languages that have it, one bit for each; English is bit 0.
  private static final Map<String, Integer> STOP_WORDS = index();
  private static final int LONGEST = STOP_WORDS.keySet().stream().mapToInt(String::length).max().orElse(0);

  private LanguageFilter() {}

  private static Map<String, Integer> index() {
    var map = new HashMap<String, Integer>();
    for (int i = 0; i < LANGUAGES.size(); i++) {
      for (String word : LANGUAGES.get(i).split(" ")) {
        map.merge(word, 1 << i, (a, b) -> a | b);
      }
    }
    return map;
  }

  public static boolean isEnglish(String text) {
    return isHardlyForeign(text) && speaksEnglish(text);
  }

  private static boolean isHardlyForeign(String text) {
    long letters = 0;
    long foreign = 0;
    for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
      c = text.codePointAt(i);
      if (Character.isLetter(c)) {
        letters++;
        foreign += c > 127 ? 1 : 0;
      }
    }
    return letters > 0 && foreign <= MOST_FOREIGN_LETTERS * letters;
  }

  /// Counts the stop words of all languages in one pass over the words, which are runs of letters.
  private static boolean speaksEnglish(String text) {
    var hits = new int[LANGUAGES.size()];
    int words = 0;
    int start = -1;
    for (int i = 0, c; i <= text.length(); i += Character.charCount(c)) {
      c = i < text.length() ? text.codePointAt(i) : ' ';
      if (Character.isLetter(c)) {
        start = start < 0 ? i : start;
      } else if (start >= 0) {
        words++;
        count(text, start, i, hits);
        start = -1;
      }
    }
    return hits[0] >= 2 && hits[0] >= LEAST_SHARE * words && Arrays.stream(hits).skip(1).noneMatch(h -> 2 * h > hits[0]);
  }

  private static void count(String text, int start, int end, int[] hits) {
    if (end - start > LONGEST) {
      return;
    }
    int those = STOP_WORDS.getOrDefault(text.substring(start, end).toLowerCase(Locale.ROOT), 0);
    for (int bits = those; bits != 0; bits &= bits - 1) {
      hits[Integer.numberOfTrailingZeros(bits)]++;
    }
  }
}
