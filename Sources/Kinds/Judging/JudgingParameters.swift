import Declarations
import SpannedYAML
import Words

/// What a judging model is asked, how its reply is read, and where it is if not at hand.
package struct ModelQuestion: ParameterGroup {
    /// Empty for the standard question.
    @Spanned package var prompt = ""
    @Spanned package var reference = JudgeReference.rows
    @Spanned package var verdict = VerdictReading.word
    @Spanned package var maxTokens = 8
    @Spanned package var votes = 1
    /// Of the votes; a single reply is greedy.
    @Spanned package var temperature: Double? = nil
    @Spanned package var seed: Int? = nil
    /// `nil` where the verdict is yes or no.
    @Spanned package var rubric: Rubric? = nil
    @Spanned package var endpoint: EndpointParameters? = nil

    private static let tokensOfAWord = 8
    private static let tokensOfAReasoning = 512

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$prompt,
            .text(
                "prompt",
                "What the judging model is asked, with {query}, {functions}, {answer} and {reference}; docs/judges.md has "
                    + "further places.")),
        .init(
            \.$reference,
            .choice(
                "reference",
                "What the judging model is told besides: the answer of the row (`rows`), or nothing (`none`), where several may "
                    + "be right."), key: .unlessStandard),
        .init(\.$verdict, .verdict, key: .unlessStandard),
        .init(
            \.$maxTokens,
            .integer(
                "max_tokens", in: 1...32_768, spelled: "`8`; `512` where the verdict is not the whole reply",
                "New tokens of a judging model's reply at most."), key: .unlessStandard),
        .init(
            \.$votes,
            .integer("votes", in: 1...99, "Replies to each question; more than half of them must accept."),
            key: .unlessStandard),
        .init(
            \.$temperature, .number("temperature", in: 0...5, "Of the votes; a single reply is greedy."),
            when: { $0.$votes.map { $0 > 1 } }, standard: 0.7),
        .init(\.$seed, .seed("Of the votes."), when: { $0.$votes.map { $0 > 1 } }, standard: 7),
        .init(\.$rubric, "rubric", "Grades in place of yes and no."),
        .init(\.$endpoint, "endpoint", "The model that judges, where it is behind a server."),
    ]

    /// A judge that may say more than a word may reason, and one that reasons may say more than a word.
    package mutating func settle() {
        if !$verdict.isWritten, $maxTokens.isWritten, maxTokens > Self.tokensOfAWord {
            $verdict = $verdict.or($maxTokens) { _ in .lastLine }
        }
        if verdict != .word, maxTokens == Self.tokensOfAWord {
            $maxTokens = $maxTokens.or($verdict) { _ in Self.tokensOfAReasoning }
        }
        settleParameters()
    }
}

/// Grades that a judging model gives in place of yes and no.
package struct Rubric: ParameterGroup {
    /// The best one; the worst is 1.
    @Spanned package var grades = 5
    /// The worst grade of an accepted answer.
    @Spanned package var threshold = 4
    /// What the grade depends on, in sentences; empty for the standard ones.
    @Spanned package var criteria: [String] = []

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$grades, .integer("grades", in: 2...100, "The best grade; the worst is 1.")),
        .init(\.$threshold, .integer("threshold", in: 1...100, "The worst grade of an accepted answer.")),
        .init(\.$criteria, .texts("criteria", "What the grade depends on: a list of sentences.")),
    ]
}

/// A program that judges.
package struct JudgingProgram: ParameterGroup {
    /// The program, looked up along `PATH`, and its arguments.
    @Spanned package var command: [String] = []
    /// Seconds.
    @Spanned package var timeLimit = 3600.0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$command, .texts("command", "The program and its arguments as a list."), at: .elsewhere, isNeeded: true),
        .init(\.$timeLimit, .duration("time_limit", in: 1...604_800, "When the program that judges is ended.")),
    ]
}

extension Parameter where Owner: JudgedKind {
    /// Judges that come before.
    static func checks(
        _ path: WritableKeyPath<Owner, Spanned<[JudgeKind]>> & Sendable, at place: RecipePlace = .same
    ) -> Parameter {
        .init(
            path,
            Field<[Spanned<JudgeKind>]>.list(
                of: .choice("checks", "Judges that come before, in this order: what one of them rejects goes to no other."),
                isSet: true
            ).plain(), at: place, key: .unlessStandard)
    }

    /// What a judging model is asked.
    static func question(_ path: WritableKeyPath<Owner, Spanned<ModelQuestion?>> & Sendable) -> Parameter {
        .init(
            path, "question", "What a judging model is asked, where one decides.", when: { $0.asks(.model) },
            standard: .standard)
    }

    /// A program that judges.
    static func program(_ path: WritableKeyPath<Owner, Spanned<JudgingProgram?>> & Sendable) -> Parameter {
        .init(path, "program", "The program that judges, where one does.", when: { $0.asks(.exec) }, standard: .standard)
    }
}

extension Field where Value == JudgeKind {
    static func judge(_ name: String) -> Field {
        .choice(
            name,
            "`ast`: the calls are right in any order; `exact`: identical; `format`: what could be right; `model`: a model decides; "
                + "`exec`: a program does.")
    }
}

extension Field where Value == VerdictReading {
    /// A word, or `{pattern: …}`.
    fileprivate static var verdict: Field {
        let words = VerdictReading.named.compactMap(\.spelling)
        let pattern = Field<String>.text("pattern", required: true, "A regular expression; its first group is the verdict.")
        let mapping = MappingDefinition("verdict", "A verdict that a regular expression finds.", [pattern])
        return Field(
            "verdict", .either([.choice(words), .mapping(mapping)]), standard: nil, nothing: .word,
            spelled: "`word`; `last_line` where `max_tokens` is more than 8",
            "Where a judging model's reply says its verdict: the whole reply (`word`), its `last_line`, the member `verdict` of a "
                + "JSON object (`json`), or what `{pattern: REGEX}` finds. What else it says is kept as its rationale.",
            spell: \.spelling
        ) { node, place in
            if let entries = node.mapping {
                let fields = Fields(mapping, path: place.field, anchor: node.span, entries: entries, findings: place.findings)
                let written = fields[pattern]
                guard written.isWritten, (try? Regex(written.value)) != nil else {
                    place.report(.wrongType("\(place.field).pattern", wants: "a regular expression", found: node))
                    return nil
                }
                return .pattern(written.value)
            }
            guard let text = node.scalar?.text else {
                place.report(
                    .wrongType(place.field, wants: "one of \(words.joined(separator: ", ")), or {pattern: …}", found: node))
                return nil
            }
            if let reading = VerdictReading.named.first(where: { $0.spelling == text }) { return reading }
            place.report(.unknownValue(text, of: place.field, among: words, at: node.span))
            return nil
        }
    }
}
