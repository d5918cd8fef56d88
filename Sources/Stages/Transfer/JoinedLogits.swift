import Engine
import Kinds

extension StageContext {
    /// Answers after the student's own prompts, with what the teachers said of them after theirs: the logits are joined by the
    /// place in the answer (context distillation).
    ///
    /// - Parameter captured: of `kd.capture`, on the same rows as the inputs `data` and `judged`.
    /// - Throws: where the answers are not the same, token by token.
    func joined(_ captured: [TrainingExample], for kind: KDTrain) throws -> [TrainingExample] {
        guard hasInput("data") else {
            throw StageFailure("'own_prompts' needs the input 'data', whose prompts the student reads")
        }
        let rows = try responseRows(kind.prompt, kind.answer)
        let lessons = try lessons(rows, answer: kind.answer)
        guard lessons.count == captured.count else {
            throw StageFailure(
                "the logits are of \(captured.count) answers and the student has \(lessons.count); both must be of the same "
                    + "'data' and 'judged'")
        }
        return try zip(lessons, captured).map { lesson, captured in
            var example = try rows.example(of: lesson)
            guard example.response == captured.response else {
                throw StageFailure(
                    "the logits of the row '\(lesson.row.id)' are of another answer than the student's; both must be of the same "
                        + "'data' and 'judged', and both models must answer in one form")
            }
            guard captured.teachers.allSatisfy({ $0.positionCount == captured.responseLength }) else {
                throw StageFailure(
                    "the logits of the row '\(lesson.row.id)' are of its prompt too, which is not the student's; capture them "
                        + "without 'whole_sequence'")
            }
            example.teachers = captured.teachers
            return example
        }
    }
}
