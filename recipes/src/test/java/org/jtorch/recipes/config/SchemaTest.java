package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SchemaTest {
  private final com.fasterxml.jackson.databind.JsonNode schema = Schema.of(Sample.class, Kinds.NONE);

  @Test void recordsAreClosedObjects() {
    assertThat(schema.at("/$schema").asText()).endsWith("draft/2020-12/schema");
    assertThat(schema.at("/additionalProperties").asBoolean(true)).isFalse();
    assertThat(schema.at("/required").toString()).isEqualTo("[\"steps\"]");
    assertThat(schema.at("/description").asText()).isEqualTo("A recipe for tests.");
    assertThat(schema.at("/properties/steps").toString())
        .isEqualTo("{\"type\":\"integer\",\"description\":\"number of optimizer steps\"}");
    assertThat(schema.at("/properties/type/const").asText()).isEqualTo("sample");
    assertThat(schema.at("/properties/extends/type").asText()).isEqualTo("string");
  }

  @Test void defaultsAreJson() {
    assertThat(schema.at("/properties/weight_decay/default").toString()).isEqualTo("0.1");
    assertThat(schema.at("/properties/tokens/default").toString()).isEqualTo("9000000000");
    assertThat(schema.at("/properties/compile/default").toString()).isEqualTo("false");
    assertThat(schema.at("/properties/schedule/default").toString()).isEqualTo("{\"type\":\"cosine\",\"floor\":0.1}");
    assertThat(schema.at("/properties/betas/default").toString()).isEqualTo("[0.9,0.95]");
  }

  @Test void sealedTypesAreChoices() {
    assertThat(schema.at("/properties/optim/$ref").asText()).isEqualTo("#/$defs/Optim");
    assertThat(schema.at("/$defs/Optim/oneOf/0/properties/type/const").asText()).isEqualTo("adamw");
    assertThat(schema.at("/$defs/Optim/oneOf/1/required").toString()).isEqualTo("[\"type\",\"learning_rate\"]");
    assertThat(schema.at("/$defs/Optim/oneOf/3/enum").toString()).isEqualTo("[\"adamw\"]");
    assertThat(schema.at("/properties/precision/enum").toString()).isEqualTo("[\"bf16\",\"float-32\"]");
    assertThat(schema.at("/properties/sources/additionalProperties/$ref").asText()).isEqualTo("#/$defs/Source");
    assertThat(schema.at("/properties/out/anyOf/1/type").asText()).isEqualTo("null");
  }

  @Test void aChoiceWithADefaultNeedsNoType() {
    assertThat(schema.at("/$defs/Schedule/oneOf/0/properties/type/const").asText()).isEqualTo("cosine");
    assertThat(schema.at("/$defs/Schedule/oneOf/0/required").isMissingNode()).isTrue();
    assertThat(schema.at("/$defs/Schedule/oneOf/1/required").toString()).isEqualTo("[\"type\",\"steps\"]");
  }
}
