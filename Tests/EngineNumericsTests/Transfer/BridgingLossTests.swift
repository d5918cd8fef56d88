import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine

/// Distillation between two vocabularies. What TRL's `ULDLoss` gives in double precision is written by
/// `scripts/reference/bridging_loss_reference.py`, which says what it is of.
struct BridgingLossTests {
    private static func logits(_ row: Int, _ size: Int) -> [Float] {
        (0..<size).map { Float((7919 * $0 + 104_729 * row) % 2003 - 1001) / 256 }
    }

    private static func tokens(_ count: Int, _ size: Int) -> [Int32] { (0..<count).map { Int32((11 * $0 + 5) % size) } }

    private static func shared(_ student: Int, _ teacher: Int) -> SharedTokens {
        SharedTokens(
            students: (0..<teacher).map { $0 % 3 != 0 && $0 < student ? Int32((7 * $0 + 3) % student) : -1 },
            studentCount: student)
    }

    private static func teacher(_ count: Int, size: Int, k: Int, row: Int, spans: [AlignedSpan]) -> ForeignTeacher {
        let buffer = FloatBuffer((0..<count).flatMap { logits(row + $0, size) })
        var captured = TeacherLogits(k: k)
        withExtendedLifetime(buffer) { captured.append(buffer.base, positions: count, vocabularySize: size) }
        return ForeignTeacher(tokens: tokens(count, size), logits: captured, spans: spans)
    }

    private static func spelled(_ ends: [Int]) -> SpelledResponse {
        SpelledResponse(text: [UInt8](repeating: 97, count: ends.last ?? 0), ends: ends, hasEnd: true)
    }

    /// The mean loss of a response, and its gradient by the logits.
    private static func evaluate(_ loss: BridgingLoss, _ example: TrainingExample, _ logits: [Float]) -> (Double, [Float]) {
        let (count, buffer) = (example.responseLength, FloatBuffer(logits))
        let size = logits.count / count
        let targets = (0..<count).map { LossTarget(example: example, position: $0) }
        return withExtendedLifetime(buffer) {
            var sum = 0.0
            for stretch in loss.stretches(of: example) ?? [] {
                let rows = LogitRows(base: buffer.base + stretch.lowerBound * size, rowLength: size, vocabularySize: size)
                sum += loss.replaceByGradients(rows, targets: targets[stretch], scale: 1 / Float(count))
            }
            return (sum / Double(count), buffer.values)
        }
    }

    @Test func valuesAndGradientsAreThoseOfTRL() throws {
        let reference = try referenceFile("bridging.json")
        let responses = try #require(reference["responses"]?.array)
        let cases = try #require(reference["cases"]?.array)
        #expect(cases.count == 54)
        for (index, expected) in cases.enumerated() {
            let (own, other) = (
                try #require(expected["student_size"]?.integer), try #require(expected["teacher_size"]?.integer)
            )
            let response = try #require(expected["response"]?.integer)
            func ends(_ side: String) throws -> [Int] {
                try #require(responses[response][side]?.array).compactMap(\.integer)
            }
            let (studentEnds, teacherEnds) = (try ends("student"), try ends("teacher"))
            let temperature = try #require(expected["temperature"]?.double)
            let entropy = try #require(expected["cross_entropy"]?.double)
            let isAligned = expected["name"] == "GOLD"
            var terms = [LossTerm(isAligned ? .aligned : .universal, argument: isAligned ? expected["beta"]?.double : nil)]
            if entropy > 0 { terms.append(LossTerm(.crossEntropy, weight: entropy)) }
            // Nothing in common: the aligned loss without shared tokens.
            let shared =
                expected["shares"] == true
                ? Self.shared(own, other)
                : SharedTokens(students: [Int32](repeating: -1, count: other), studentCount: own)
            let loss = BridgingLoss(
                terms, temperature: temperature, sharedWeight: expected["shared_weight"]?.double, shared: [shared])
            try loss.check()
            let spans = loss.spans(Self.spelled(studentEnds), Self.spelled(teacherEnds))
            var example = TrainingExample(tokens: [0, 0] + Self.tokens(studentEnds.count, own), promptLength: 2)
            example.foreignTeachers = [
                Self.teacher(teacherEnds.count, size: other, k: other, row: 10 * response + 501, spans: spans)
            ]
            #expect(loss.objection(to: example, vocabulary: 0..<Int32(own)) == nil)
            let rows = studentEnds.indices.flatMap { Self.logits(10 * response + 1 + $0, own) }
            let (value, gradient) = Self.evaluate(loss, example, rows)
            let known = try #require(expected["loss"]?.double)
            #expect(abs(value - known) <= 1e-5 * max(1, abs(known)), "case \(index): \(value), expected \(known)")
            let norm = try #require(expected["norm"]?.double)
            let found = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(found - norm) <= 1e-5 * max(norm, 1e-3), "case \(index)")
            for (place, value) in try #require(expected["every_seventh"]?.array).compactMap(\.double).enumerated() {
                #expect(abs(Double(gradient[7 * place]) - value) <= 1e-5 * max(norm, 1e-3), "case \(index), place \(7 * place)")
            }
        }
    }

    /// Few logits stored, several teachers, spans of several tokens: what the reference has not.
    @Test(
        arguments: [
            [LossTerm(.universal)], [LossTerm(.aligned)], [LossTerm(.aligned, argument: 0)], [LossTerm(.aligned, argument: 1)],
            [LossTerm(.aligned, weight: 0.7, argument: 0.2), LossTerm(.crossEntropy, weight: 0.5)],
        ], [1.0, 1.7])
    func gradientsAreThoseOfDifferences(terms: [LossTerm], temperature: Double) throws {
        try checkGradient(terms, temperature, matchesPieces: false)
        try checkGradient(terms, temperature, matchesPieces: true)
    }

    private func checkGradient(_ terms: [LossTerm], _ temperature: Double, matchesPieces: Bool) throws {
        let (own, others) = (23, [31, 19])
        let loss = BridgingLoss(
            terms, temperature: temperature, sharedWeight: 0.6, matchesPieces: matchesPieces, teacherWeights: [0.3, 0.7],
            shared: others.map { Self.shared(own, $0) })
        let (ends, teacherEnds) = ([3, 5, 9, 9], [[1, 3, 9, 9], [5, 8, 9, 9]])
        var example = TrainingExample(tokens: [0] + Self.tokens(4, own), promptLength: 1)
        for (index, size) in others.enumerated() {
            let spans = loss.spans(Self.spelled(ends), Self.spelled(teacherEnds[index]))
            example.foreignTeachers.append(Self.teacher(4, size: size, k: 6, row: 40 * index, spans: spans))
        }
        #expect(loss.objection(to: example, vocabulary: 0..<Int32(own)) == nil)
        let point = randomFloats(4 * own, seed: 77, scale: 1.5)
        expectGradient(
            Self.evaluate(loss, example, point).1, of: { Self.evaluate(loss, example, $0).0 }, at: point, step: 2e-3,
            tolerance: 2e-2, name: "\(terms)")
    }

    /// A student that says what its teacher says has no divergence, whether all logits are stored or few.
    @Test(arguments: [Loss.universal, .aligned], [40, 7])
    func atTheTeacherTheDivergenceAndItsGradientVanish(loss: Loss, k: Int) throws {
        let bridging = BridgingLoss(
            [LossTerm(loss)], shared: [SharedTokens(students: (0..<40).map(Int32.init), studentCount: 40)])
        let ends = Self.spelled([2, 4, 4])
        var example = TrainingExample(tokens: [0] + Self.tokens(3, 40), promptLength: 1)
        example.foreignTeachers = [Self.teacher(3, size: 40, k: k, row: 5, spans: bridging.spans(ends, ends))]
        let (value, gradient) = Self.evaluate(bridging, example, (5..<8).flatMap { Self.logits($0, 40) })
        #expect(abs(value) < 1e-5)
        if loss == .aligned { #expect(gradient.allSatisfy { abs($0) < 1e-5 }) }
    }

    /// The teacher has one token for what are two tokens to the student, and both are sure of it.
    @Test func aPieceThatBothSayIsMatched() throws {
        let (own, other) = (12, 14)
        // The teacher's last two tokens are its own; one of them is the piece.
        let shared = SharedTokens(students: (0..<other).map { $0 < own ? Int32($0) : -1 }, studentCount: own)
        func sure(_ tokens: [Int], _ size: Int) -> [Float] {
            tokens.flatMap { token in (0..<size).map { $0 == token ? 14 : 0 } }
        }
        let buffer = FloatBuffer(sure([13], other))
        var captured = TeacherLogits(k: 5)
        withExtendedLifetime(buffer) { captured.append(buffer.base, positions: 1, vocabularySize: other) }
        var example = TrainingExample(tokens: [0, 3, 7], promptLength: 1)
        let span = AlignedSpan(student: 0..<2, teacher: 0..<1)
        example.foreignTeachers = [ForeignTeacher(tokens: [13], logits: captured, spans: [span])]
        func evaluate(_ matchesPieces: Bool, _ logits: [Float], beta: Double = 0.5) -> (Double, [Float]) {
            let loss = BridgingLoss(
                [LossTerm(.aligned, argument: beta)], sharedWeight: 0.9, matchesPieces: matchesPieces, shared: [shared])
            return Self.evaluate(loss, example, logits)
        }
        let right = sure([3, 7], own)
        #expect(evaluate(true, right).0 < 1e-3)
        // By the vocabularies alone the two have nothing in common here.
        #expect(evaluate(false, right).0 > 0.3)
        // A student that is not sure learns both of its tokens.
        let gradient = evaluate(true, [Float](repeating: 0, count: 2 * own), beta: 0).1
        #expect(gradient[3] < 0 && gradient[own + 7] < 0)
        #expect(gradient.enumerated().allSatisfy { [3, own + 7].contains($0.offset) || $0.element > 0 })
    }

    @Test func settingsThatMakeNoSenseAreRefused() {
        let shared = [Self.shared(5, 5)]
        for loss in [
            BridgingLoss([LossTerm(.crossEntropy)], shared: shared),
            BridgingLoss([LossTerm(.universal), LossTerm(.forwardKL)], shared: shared),
            BridgingLoss([LossTerm(.universal), LossTerm(.aligned)], shared: shared),
            BridgingLoss([LossTerm(.aligned, argument: 1.5)], shared: shared),
            BridgingLoss([LossTerm(.aligned)], sharedWeight: 2, shared: shared),
            BridgingLoss([LossTerm(.aligned)], temperature: 2, tail: .lump, shared: shared),
            BridgingLoss([LossTerm(.aligned)], teacherWeights: [0.5, 0.5], shared: shared),
        ] {
            #expect(throws: TrainingError.self) { try loss.check() }
        }
        #expect(throws: TrainingError.self) { try TransferLoss([LossTerm(.aligned)]).check() }
    }

    @Test func blocksHoldWholeStretches() {
        struct Pairs: ResponseLoss {
            func check() throws(TrainingError) {}
            func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? { nil }
            func stretches(of example: TrainingExample) -> [Range<Int>]? {
                stride(from: 0, to: example.responseLength, by: 3).map { $0..<min($0 + 3, example.responseLength) }
            }
            func replaceByGradients(_ logits: LogitRows, targets: ArraySlice<LossTarget>, scale: Float) -> Double { 0 }
        }
        let example = TrainingExample(tokens: [Int32](repeating: 0, count: 8), promptLength: 1)
        let targets = [example, example].flatMap { example in
            (0..<7).map { LossTarget(example: example, position: $0) }
        }
        let stretches = LossStretches(targets, of: Pairs())
        #expect(stretches.longest == 3)
        #expect(stretches.blocks(of: 7) == [0..<7, 7..<14])
        #expect(stretches.blocks(of: 5) == [0..<3, 3..<7, 7..<10, 10..<14])
        #expect(stretches.blocks(of: 2) == [0..<3, 3..<6, 6..<7, 7..<10, 10..<13, 13..<14])
    }
}

/// Which tokens of two vocabularies stand for the same, and which of two responses for the same text.
struct AlignmentTests {
    private static func tokenizer(_ size: Int) throws -> Tokenizer {
        let texts = (0..<60).map { "turn the lamp \($0) on and the fan \($0 * 7) off, naïve Zürich" }
        return try TokenizerTrainer(vocabularySize: size).train(on: texts)
    }

    private static func spelled(_ text: String, _ tokenizer: Tokenizer, hasEnd: Bool = true) -> SpelledResponse {
        let tokens = tokenizer.encodePlainText(text).map(Int32.init) + (hasEnd ? [4] : [])
        return SpelledResponse(tokens[...], hasEnd: hasEnd, with: tokenizer)
    }

    @Test func tokensOfTheSameTextAreShared() throws {
        let (small, large) = (try Self.tokenizer(270), try Self.tokenizer(330))
        let shared = SharedTokens(student: small, teacher: large, ends: (student: 4, teacher: 3))
        #expect(shared.studentCount == small.vocabularySize && shared.teacherCount == large.vocabularySize)
        // The ends go together, whatever they are called; the teacher's own token of the student's end has none.
        #expect(shared.students[3] == 4 && shared.students[4] == -1)
        for (teacher, student) in shared.students.enumerated() where student >= 0 && teacher != 3 {
            #expect(large.bytes(of: [teacher]) == small.bytes(of: [Int(student)]))
        }
        // The larger vocabulary has all merges of the smaller one.
        #expect(shared.matched.count == small.vocabularySize - 1)
        #expect(Set(shared.students.filter { $0 >= 0 }).count == shared.matched.count)
    }

    @Test func spansStandForTheSameText() throws {
        let (small, large) = (try Self.tokenizer(264), try Self.tokenizer(330))
        let text = "turn the naïve lamp 3 off in Zürich"
        let (own, other) = (Self.spelled(text, small), Self.spelled(text, large))
        #expect(own.agrees(with: other))
        let spans = AlignedSpan.byText(own, other)
        #expect(spans.count > 5)
        #expect(spans.first?.student.lowerBound == 0 && spans.last?.student.upperBound == own.ends.count)
        #expect(spans.last?.teacher.upperBound == other.ends.count)
        for (span, next) in zip(spans, spans.dropFirst()) {
            #expect(span.student.upperBound == next.student.lowerBound && span.teacher.upperBound == next.teacher.lowerBound)
            #expect(own.ends[span.student.upperBound - 1] == other.ends[span.teacher.upperBound - 1])
        }
        // The ends of the answer are a span of their own.
        #expect(spans.last.map { ($0.student.count, $0.teacher.count) } ?? (0, 0) == (1, 1))
    }

    @Test func textsAreComparedAsFarAsTheyAgree() throws {
        let tokenizer = try Self.tokenizer(264)
        let whole = Self.spelled("turn the lamp on", tokenizer)
        let other = Self.spelled("turn the fan on", tokenizer)
        #expect(!whole.agrees(with: other))
        let spans = AlignedSpan.byText(whole, other)
        #expect(!spans.isEmpty)
        #expect(spans.allSatisfy { whole.ends[$0.student.upperBound - 1] <= "turn the ".utf8.count })
        // An answer that did not end has no end to compare.
        let unfinished = AlignedSpan.byText(whole, Self.spelled("turn the lamp on", tokenizer, hasEnd: false))
        #expect(unfinished.last?.student.upperBound == whole.ends.count - 1)
        // Some tokenizers put a space before a text.
        let spaced = Self.spelled(" turn the lamp on", tokenizer)
        #expect(whole.agrees(with: spaced))
        #expect(AlignedSpan.byText(whole, spaced).last?.student.upperBound == whole.ends.count)
    }
}
