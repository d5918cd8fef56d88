import Testing

@testable import Engine

struct StopTests {
    /// A tokenizer whose tokens are the model's 37, as far as these tests need: single letters behind the special tokens.
    private static func vocabulary() throws -> (Tokenizer, Vocabulary) {
        let tokenizer = try TokenizerTrainer(vocabularySize: 280).train(on: ["abab abab cdcd abcd"])
        return (tokenizer, Vocabulary(tokenizer))
    }

    @Test func anyOfSeveralStopTokensEndsAnAnswer() throws {
        let model = InferenceModel(try Fixture.model())
        let free = try model.generate(
            GenerationTests.prompts, options: GenerationOptions(maximumTokens: 9), workers: WorkerPool(threads: 1))
        let stopped = try model.generate(
            GenerationTests.prompts, options: GenerationOptions(maximumTokens: 9, stopTokens: [3, 17, 36]),
            workers: WorkerPool(threads: 1))
        for (free, stopped) in zip(free, stopped) {
            let end = free.tokens.firstIndex { [3, 17, 36].contains($0) }
            #expect(stopped.tokens == Array(free.tokens.prefix(end ?? 9)))
            #expect(stopped.end == (end == nil ? .limit : .stopToken))
        }
        #expect(stopped.contains { $0.isFinished } && stopped.contains { !$0.isFinished })
    }

    private func answer(_ tokens: [Int32], stops: [String], vocabulary: Vocabulary, recording: Bool = false) throws
        -> GeneratedSequence
    {
        let options = GenerationOptions(
            maximumTokens: 100, stopSequences: StopSequences(stops, in: vocabulary), recordsLogProbabilities: recording)
        var sequence = GrowingSequence(GenerationPrompt([1]), id: 0, item: 0, options: options, of: try Fixture.configuration())
        var settled = 0
        for token in tokens where !sequence.hasEnded {
            sequence.append(ChosenToken(token: token, logProbability: Float(-token)))
            // What a server has sent is never taken back.
            #expect(sequence.settledCount >= settled)
            settled = sequence.settledCount
        }
        #expect(sequence.answer.tokens.count - settled == (sequence.answer.surplusBytes > 0 ? 1 : 0) || !sequence.hasEnded)
        return sequence.answer
    }

    @Test func whatMayBecomeAStopTextIsHeldBack() throws {
        let (tokenizer, vocabulary) = try Self.vocabulary()
        let stops = StopSequences(["cdx", "d"], in: vocabulary)
        for (text, begun) in [("", 0), ("ab", 0), ("abc", 1), ("abcd", 2), ("cdc", 1), ("cdx", 0)] {
            #expect(stops.begunBytes(of: Array(text.utf8)) == begun, "\(text)")
        }
        let options = GenerationOptions(maximumTokens: 100, stopSequences: StopSequences(["cdx"], in: vocabulary))
        var sequence = GrowingSequence(GenerationPrompt([1]), id: 0, item: 0, options: options, of: try Fixture.configuration())
        var settled: [Int] = []
        for byte in "acdcb".utf8 {
            let token = try #require((0..<tokenizer.vocabularySize).first { tokenizer.bytes(of: [$0]) == [byte] })
            sequence.append(ChosenToken(token: Int32(token)))
            settled.append(sequence.settledCount)
        }
        #expect(settled == [1, 1, 1, 3, 5])
    }

    @Test func aStopTextIsFoundAcrossTokensAndCutOff() throws {
        let (tokenizer, vocabulary) = try Self.vocabulary()
        for (text, stop, left) in [
            ("abcd abab", "d a", "abc"), ("ababcdcd", "bc", "aba"), ("abcd", "abcd", ""), ("cdcd", "x", "cdcd"),
            ("ab", "", "ab"),
            ("aé€b", "€", "aé"),
        ] {
            // As the tokenizer cuts it, and byte by byte.
            for tokens in [
                tokenizer.encode(text),
                text.utf8.flatMap { byte in
                    (0..<tokenizer.vocabularySize).filter { tokenizer.bytes(of: [$0]) == [byte] }
                },
            ] {
                let answer = try answer(tokens.map(Int32.init), stops: ["nothing", stop], vocabulary: vocabulary)
                #expect(answer.text(with: tokenizer) == left)
                #expect(answer.end == (text.contains(stop) && !stop.isEmpty ? .stopSequence : .limit))
            }
        }
    }

    @Test func tokensBehindTheCutGoWithTheirRecords() throws {
        let (tokenizer, vocabulary) = try Self.vocabulary()
        let tokens = tokenizer.encode("abab cdcd abcd").map(Int32.init)
        let answer = try answer(tokens, stops: ["d a"], vocabulary: vocabulary, recording: true)
        #expect(answer.text(with: tokenizer) == "abab cdc")
        #expect(answer.tokens == Array(tokens.prefix(answer.tokens.count)) && answer.tokens.count < tokens.count)
        #expect(answer.logProbabilities == answer.tokens.map { Float(-$0) })
    }
}
