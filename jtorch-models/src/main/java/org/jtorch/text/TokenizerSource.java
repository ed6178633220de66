package org.jtorch.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// A tokenizer's file, whatever its format, as the bytes of a `tokenizer.json` that holds what the files beside it add.
@SuppressWarnings("ArrayRecordComponent") // passed on as it is, never compared
record TokenizerSource(Path file, byte[] json) {
  private static final List<String> NAMES = List.of("tokenizer.json", "tokenizer.model");

  /// The file given, or of a folder the first there is of `tokenizer.json`, `tokenizer.model` and `*.tiktoken`. The
  /// format is told by the content.
  static TokenizerSource open(Path folderOrFile) {
    Path file = Files.isDirectory(folderOrFile) ? find(folderOrFile) : folderOrFile;
    if (!Files.isRegularFile(file)) {
      throw new DataException("no tokenizer at " + file + ": a model folder needs the file tokenizer.json, tokenizer.model or"
          + " *.tiktoken (train one with BpeTrainer, or copy it from the model's download)");
    }
    String kind = "tokenizer.json";
    try {
      byte[] bytes = Utf8.withoutMark(Files.readAllBytes(file));
      if (TiktokenJson.looksLike(bytes)) {
        kind = "tiktoken file";
        String name = String.valueOf(file.getFileName());
        return converted(file, TiktokenJson.convert(bytes, name, TokenizerConfig.beside(file)));
      }
      if (isSentencePiece(bytes)) {
        kind = "SentencePiece model";
        return converted(file, SentencePieceJson.convert(SentencePieceModel.parse(bytes), TokenizerConfig.beside(file)));
      }
      if (bytes.length == 0 || (!Character.isWhitespace(bytes[0]) && bytes[0] != '{' && bytes[0] != '[')) {
        String found = bytes.length == 0 ? "it is empty" : String.format(Locale.ROOT, "it begins with the byte 0x%02X", bytes[0]);
        throw new IOException(found + "; it should be JSON, a SentencePiece model or lines of `base64 rank`");
      }
      return new TokenizerSource(file, AddedTokensJson.completed(bytes, NamedTokens.beside(file)));
    } catch (IOException e) {
      throw new DataException(file + " is not a readable " + kind + ": " + e.getMessage(), e);
    }
  }

  private static TokenizerSource converted(Path file, byte[] json) throws IOException {
    return new TokenizerSource(file, AddedTokensJson.completed(json, NamedTokens.beside(file).withoutDescribed()));
  }

  private static Path find(Path folder) {
    for (String name : NAMES) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".tiktoken")).sorted().findFirst().orElse(folder.resolve(NAMES.getFirst()));
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + e.getMessage(), e);
    }
  }

  /// A SentencePiece model begins with a piece, which begins with its text: two fields of number 1 with a length.
  private static boolean isSentencePiece(byte[] bytes) {
    int first = 0;
    while (first < bytes.length && Character.isWhitespace(bytes[first])) {
      first++;
    }
    boolean json = first < bytes.length && bytes[first] == '{';
    return !json && bytes.length > 3 && bytes[0] == 0x0A && bytes[1] > 0 && bytes[2] == 0x0A;
  }
}
