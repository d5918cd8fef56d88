/// A reasoning before calls in a model's own form: `<think>…</think>`, then what its chat template writes (From Large to
/// Super-Tiny, appendix K).
enum NativeReasoning {
    static let marks = (start: "<think>", end: "</think>")

    /// What a model thought before its calls; the start may stand in the prompt.
    ///
    /// - Throws: where there is not exactly one reasoning, at the beginning.
    static func reasoning(in answer: String) throws(RowError) -> String {
        let (starts, ends) = (answer.ranges(of: marks.start), answer.ranges(of: marks.end))
        guard ends.count == 1, starts.count <= 1 else {
            throw RowError("the answer has \(max(starts.count, ends.count)) reasonings, where one is wanted")
        }
        let start = starts.first?.upperBound ?? answer.startIndex
        let before = answer[..<(starts.first?.lowerBound ?? answer.startIndex)]
        guard start <= ends[0].lowerBound, before.allSatisfy(\.isWhitespace) else {
            throw RowError("the answer does not begin with its reasoning")
        }
        return String(answer[start..<ends[0].lowerBound]).trimmed
    }
}

extension PromptEncoder {
    /// The tokens of a reasoning and of the calls behind it. Text of the reasoning never becomes a special token.
    ///
    /// - Parameter calls: as the chat template writes them, through the end token; perhaps behind an empty reasoning.
    func reasonedTokens(_ reasoning: String, before calls: [Int32], in form: any CallForm) throws(RowError) -> [Int32] {
        guard let mark = Unicode.Scalar.mark(absentFrom: [reasoning]) else {
            throw RowError("a reasoning holds every character that Unicode keeps for no text")
        }
        let marks = NativeReasoning.marks
        let thought = "\(marks.start)\n\(tokenizer.marking(reasoning, with: mark))\n\(marks.end)\n\n"
        return tokenizer.encode(thought, marked: mark, continues: true).map(Int32.init) + withoutReasoning(calls, in: form)
    }

    /// Calls without the empty reasoning that some chat templates write before them.
    private func withoutReasoning(_ calls: [Int32], in form: any CallForm) -> [Int32] {
        let text = tokenizer.decodeWithSpecialTokens(calls.map(Int.init))
        let rest = text.withoutReasoning(before: form.marks.first ?? "").drop(while: \.isWhitespace)
        guard rest.count < text.count else { return calls }
        let place = calls.indices.first { tokenizer.decodeWithSpecialTokens(calls[$0...].map(Int.init)) == rest }
        return place.map { Array(calls[$0...]) } ?? tokenizer.encodeAnswer(String(rest)).map(Int32.init)
    }
}
