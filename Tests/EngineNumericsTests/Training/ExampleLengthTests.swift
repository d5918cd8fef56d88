import Testing

@testable import Engine

/// Examples that are cut to a length.
struct ExampleLengthTests {
    /// One logit at each position, whose token is the position's number.
    private static func logits(_ positions: Int) -> TeacherLogits {
        let numbers = (0..<positions).map(Float.init)
        return TeacherLogits(
            k: 1, topTokens: (0..<Int32(positions)).map { $0 }, topLogits: numbers, logSumExp: numbers,
            logRest: numbers.map { -$0 - 1 })
    }

    private static func example(_ positions: Int) -> TrainingExample {
        TrainingExample(tokens: [9, 8, 1, 2, 3], promptLength: 2, teacher: logits(positions))
    }

    /// Of the response's positions, or of those of all tokens but the first.
    @Test(arguments: [3, 4])
    func itKeepsWhatTeachersSayOfItsTokens(positions: Int) throws {
        let cut = try #require(Self.example(positions).cut(to: 4))
        #expect(cut.tokens == [9, 8, 1, 2])
        #expect(cut.promptLength == 2)
        #expect(cut.teachers == [Self.logits(positions - 1)])
    }

    @Test func whatFitsStaysAndWhatHasNoAnswerLeftGoes() {
        let example = Self.example(3)
        #expect(example.cut(to: 5) == example)
        #expect(example.cut(to: 99) == example)
        #expect(example.cut(to: 2) == nil)
        #expect(example.cut(to: 1) == nil)
    }

    @Test func spansBeyondTheEndGo() throws {
        var example = TrainingExample(tokens: [9, 8, 1, 2, 3], promptLength: 2)
        let spans = [AlignedSpan(student: 0..<1, teacher: 0..<2), AlignedSpan(student: 1..<3, teacher: 2..<4)]
        example.foreignTeachers = [ForeignTeacher(tokens: [1, 2, 3, 4], logits: Self.logits(4), spans: spans)]
        let cut = try #require(example.cut(to: 4))
        #expect(cut.foreignTeachers.first?.spans == [spans[0]])
    }
}
