import CanonicalJSON
import Declarations
import SpannedYAML
import Words

package enum GuidanceKinds {
    static let kinds: [any StageKind.Type] = [DataInstruct.self, DataReferences.self]
}

/// Gives every prompt instructions and examples, and says which reasoning a rule makes. They stand once, in `task.json`; the
/// rows are those of the input.
///
/// Inputs: `data` (of `data.split`, `data.retrieve` or `data.knowledge`).
/// Output: as its input, with `task.json`.
package struct DataInstruct: StageKind {
    package static let declaration = KindDeclaration(
        "data.instruct", revision: 1, inputs: [.required("data")], output: "as `data.split`, with `task.json`")

    /// Shown before a row's own.
    @Spanned package var instructions = ""
    /// Shown before a row's own.
    @Spanned package var examples: [PromptExample] = []
    @Spanned package var reasoning = ReasoningForm.worked

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$instructions, .instructions, at: .elsewhere), .init(\.$examples, .examples, at: .elsewhere),
        .init(\.$reasoning, .reasoning, at: .elsewhere, key: .unlessStandard),
    ]
}

/// Takes what is right of unlabelled rows from what a judge accepted: each row's first accepted answer that can be learned. Rows
/// without one stay unlabelled, and labelled rows as they are.
///
/// Inputs: `data` (of `data.split`, or what became of it), `judged` (of `judge`), of further sets `judged.0` ….
/// Output: as its input `data`, and `references.json`: of each set the rows that are `labelled`, `judged` and `unlabelled`.
package struct DataReferences: StageKind {
    package static let declaration = KindDeclaration(
        "data.references", revision: 1, inputs: [.required("data"), .required("judged"), .numbered("judged")],
        output: "as `data.split`, and `references.json`")

    /// Of the judged answers.
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [.init(\.$answer, .answer, at: .elsewhere)]
}

extension Field where Value == ReasoningForm {
    /// Of a recipe's task, and of `data.instruct`.
    package static var reasoning: Field {
        .choice(
            "reasoning", ReasoningForm.worked,
            "The reasoning that a rule makes for steps with a `*`, of calls: `worked` also names the functions that the question "
                + "suggests; `short` has the functions called and where their arguments come from, at most some forty tokens.")
    }
}

extension Field where Value == String {
    /// Of a recipe, and of `data.instruct`.
    package static var instructions: Field {
        .text("instructions", default: "", "What the model is to do: the full view of every prompt begins with it.")
    }
}

extension Field where Value == [PromptExample] {
    private static var query: Field<String> { .text("query", required: true, "A question.") }
    private static var response: RawField {
        RawField("response", .either([.text, .list(.anything)]), required: true, "Its answer: a text, or a list of calls.")
    }

    /// Of a recipe, and of `data.instruct`.
    package static var examples: Field {
        let example = MappingDefinition("examples", "A question with its answer.", [query, response])
        return Field(
            "examples", .list(.mapping(example)), standard: nil, nothing: [],
            "Questions with their answers, which the full view of every prompt shows before its own question.",
            spell: { _ in nil }
        ) { node, place in
            let elements = node.sequence ?? [node]
            let examples = elements.compactMap { element -> PromptExample? in
                guard let entries = element.mapping else {
                    place.report(.wrongType(place.field, wants: "an example such as {query: …, response: …}", found: element))
                    return nil
                }
                let fields = Fields(
                    example, path: place.field, anchor: element.span, entries: entries, findings: place.findings)
                for name in ["query", "response"] where fields.node(name) == nil {
                    fields.report(
                        .missingField(name, in: fields.owner, at: fields.anchor, help: "add '\(name): …'"))
                }
                guard let asked = fields.written(query), let answer = fields.node("response") else { return nil }
                return PromptExample(
                    query: asked.value, response: answer.scalar?.text ?? JSON(schema: answer).canonicalText)
            }
            return examples.count == elements.count ? examples : nil
        }
    }
}
