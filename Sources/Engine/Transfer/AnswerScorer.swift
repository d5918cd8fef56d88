/// A teacher that scores answers as they are given.
protocol AnswerScorer {
    /// Adds to rows what the teacher says of their responses.
    ///
    /// - Parameter places: of the rows among all examples.
    func score(_ rows: inout [TrainingExample], places: [Int]) throws
}

/// A teacher that reads the student's own tokens.
struct SameTokensScorer: AnswerScorer {
    let loss: TransferLoss
    let capture: LogitsCapture
    /// What it reads in place of the examples' prompts; `nil` where it reads those.
    let prompts: [[Int32]]?

    func score(_ rows: inout [TrainingExample], places: [Int]) throws {
        guard loss.needsTeacher else { return }
        let span: TokenSpan = loss.promptShare > 0 ? .sequence : .response
        let read = prompts.map { prompts in
            zip(rows, places).map { row, place in
                TrainingExample(tokens: prompts[place] + row.response, promptLength: prompts[place].count)
            }
        }
        for (index, logits) in try capture.capture(read ?? rows, k: OnPolicyTrainer.keptLogits, of: span).enumerated() {
            rows[index].teacher = logits
        }
    }
}

/// A teacher that reads the same answers in tokens of its own.
struct TranslatingScorer: AnswerScorer {
    /// The examples' prompts in the teacher's tokens.
    let prompts: [[Int32]]
    let translation: AnswerTranslation
    let loss: BridgingLoss
    /// Tokens that the teacher reads.
    let limit: Int
    let capture: LogitsCapture

    func score(_ rows: inout [TrainingExample], places: [Int]) throws {
        let answers = zip(rows, places).map { row, place in
            var answer = translation.translate(row, after: prompts[place])
            answer.tokens = Array(answer.tokens.prefix(limit))
            return answer
        }
        let captured = try capture.capture(answers, k: OnPolicyTrainer.keptLogits)
        for (index, logits) in captured.enumerated() {
            rows[index].foreignTeachers = [translation.teacher(reading: answers[index], as: logits, of: rows[index], for: loss)]
        }
    }
}

/// How answers in a student's tokens become answers in a teacher's.
package struct AnswerTranslation: Sendable {
    private let student, teacher: PromptEncoder
    /// What the two vocabularies have in common.
    package let shared: SharedTokens

    package init(student: PromptEncoder, teacher: PromptEncoder) {
        (self.student, self.teacher) = (student, teacher)
        let ends = student.endTokens.first.flatMap { own in teacher.endTokens.first.map { (student: own, teacher: $0) } }
        shared = SharedTokens(student: student.tokenizer, teacher: teacher.tokenizer, ends: ends)
    }

    private func isEnded(_ example: TrainingExample, _ encoder: PromptEncoder) -> Bool {
        example.tokens.last.map { encoder.endTokens.first == $0 } ?? false
    }

    /// The answer's text in the teacher's tokens. An answer without text is one that ends.
    func translate(_ example: TrainingExample, after prompt: [Int32]) -> TrainingExample {
        let response = example.tokens[example.promptLength...]
        let ends = isEnded(example, student)
        let text = student.tokenizer.decode((ends ? response.dropLast() : response).lazy.map(Int.init))
        var tokens = teacher.responseTokens(of: text)
        if !ends, tokens.count > 1 { tokens.removeLast() }
        return TrainingExample(tokens: prompt + tokens, promptLength: prompt.count)
    }

    /// What the teacher said of an answer, beside the student's.
    func teacher(
        reading answer: TrainingExample, as logits: TeacherLogits, of example: TrainingExample, for loss: BridgingLoss
    ) -> ForeignTeacher {
        let response = answer.tokens[answer.promptLength...]
        let spans = loss.spans(
            SpelledResponse(
                example.tokens[example.promptLength...], hasEnd: isEnded(example, student), with: student.tokenizer),
            SpelledResponse(response, hasEnd: isEnded(answer, teacher), with: teacher.tokenizer))
        return ForeignTeacher(tokens: Array(response), logits: logits, spans: spans)
    }
}
