import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension PruneVocabulary: RunnableStage {
    private static let report = File<JSON>("vocabulary.json")
    package static let artifact: [Output] = [.model, .figures(report)]

    package func run(in context: StageContext) throws {
        let (source, output) = (context.modelFolder("model"), ModelFolder(context.output("")))
        let domain = DomainTexts(of: self, in: context)
        let isGiven = context.hasInput("tokenizer")
        let texts = isGiven ? [] : try domain.sequences(by: source)
        var used: Set<Int> = []
        for text in texts { used.formUnion(text.lazy.map { Int($0) }) }
        let tokens =
            isGiven
            ? try TokenSelection(of: source.tokenizer(), like: context.modelFolder("tokenizer").tokenizer())
            : try source.selection(used: used, keeping: vocabulary, multiple: multiple)
        let models = try output.write(source, keeping: tokens)
        if isGiven {
            try checkTokenizer(in: context)
        } else {
            try check(texts, against: domain.sequences(by: output), tokens)
        }
        let (before, after) = (models.whole.parameterCount, models.smaller.parameterCount)
        let tokensUsed: JSON = isGiven ? .null : .count(used.count)
        try context.write(
            [
                "tokens_before": .count(source.tokenizer().tokenCount), "tokens_after": .count(tokens.kept.count),
                "tokens_used": tokensUsed, "parameters_before": .count(before), "parameters_after": .count(after),
                "ratio_removed": .number(1 - Double(after) / Double(before)),
                "bytes_before": .count(source.weightBytes()), "bytes_after": .count(output.weightBytes()),
                "sets": .object(try lengths(of: RowSet.test.rawValue, domain, source, output)),
            ], to: Self.report)
    }

    /// A student learns token by token from a teacher whose tokenizer has the same bytes.
    private func checkTokenizer(in context: StageContext) throws {
        let wanted = try Data(contentsOf: context.input("tokenizer", ModelFiles.tokenizer))
        guard try Data(contentsOf: context.output(ModelFiles.tokenizer)) == wanted else {
            throw StageFailure(
                "with the tokens of the input 'tokenizer', the model's tokenizer is still another one; the losses ULD and GOLD "
                    + "allow that: KD[GOLD]")
        }
    }

    /// Texts of the domain are the same tokens as before, under their new ids.
    private func check(_ texts: [[Int32]], against others: [[Int32]], _ tokens: TokenSelection) throws {
        for (place, (old, new)) in zip(texts, others).enumerated() {
            let expected: [Int?] = old.map { tokens[Int($0)] }
            let found: [Int?] = new.map { Int($0) }
            guard found != expected else { continue }
            throw StageFailure(
                "this tokenizer cannot lose tokens: the text \(place + 1) of the domain, of \(old.count) tokens, would be "
                    + "\(new.count) others")
        }
    }

    /// What becomes of rows that nobody learns from.
    private func lengths(
        of set: String, _ domain: DomainTexts, _ source: ModelFolder, _ output: ModelFolder
    ) throws -> [String: JSON] {
        let (before, after) = (try domain.lengths(of: set, by: source), try domain.lengths(of: set, by: output))
        guard !before.isEmpty else { return [:] }
        func mean(_ counts: [Int]) -> JSON { .number(Double(counts.reduce(0, +)) / Double(counts.count)) }
        let longer = zip(before, after).count { $0 < $1 }
        return [
            set: [
                "rows": .count(before.count), "tokens_before": mean(before), "tokens_after": mean(after),
                "longer": .number(Double(longer) / Double(before.count)),
            ]
        ]
    }
}
