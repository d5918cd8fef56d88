import CanonicalJSON
import Foundation
import Testing

/// Quantized models of every method and layout, built by the program.
@Suite struct QuantizationBuildTests {
    /// The tiny domain with a student that is taught a little and then quantized.
    static func program(_ quantize: String) throws -> DecantProgram {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "\"KD[0.5FKL+0.5CE](steps: 100)\"", "\"SFT(steps: 40)\"")
        try program.edit("tiny.yaml", "prune: {method: depth, ratio: 20%, recover: \"KD(steps: 15)\"}", "prune: none")
        try program.edit("tiny.yaml", "quantize: {scheme: W4A16, group_size: 32}", quantize)
        try program.edit("tiny.yaml", "{sets: [test, phrasing, ood]}", "{sets: [test], max_tokens: 12}")
        return program
    }

    /// Every method and layout, side by side.
    static func everyMethod() throws -> DecantProgram {
        try program(
            """
            quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 40, iterations: 3}
            stages:
              ordered: {kind: quant.apply, inputs: {model: student.sft, statistics: student.sft.statistics}, parameters: {scheme: W4A16, method: gptq, group_size: 0, ignore: [lm_head], damping: 0.01, activation_order: true}}
              eased: {kind: quant.apply, inputs: {model: student.sft, statistics: student.sft.statistics}, parameters: {scheme: W4A16, method: quantease, group_size: 32, ignore: [lm_head], damping: 0.01, iterations: 3}}
              behind: {kind: quant.apply, inputs: {model: student.sft, data: data}, parameters: {scheme: W4A16, method: gptq, group_size: 32, ignore: [lm_head], damping: 0.01, activation_order: false, prefix: {samples: 40, set: train, prompt: query}}}
              smooth: {kind: quant.apply, inputs: {model: student.sft, statistics: student.sft.statistics}, parameters: {scheme: W8A8-INT8, method: smoothquant, group_size: 0, ignore: [lm_head], smoothing: 0.5}}
              float8: {kind: quant.apply, inputs: {model: student.sft}, parameters: {scheme: W8A8-FP8, method: rtn, group_size: 0, ignore: [lm_head]}}
              mixed: {kind: quant.apply, inputs: {model: student.sft, statistics: student.sft.statistics}, parameters: {scheme: Q4_K_M, method: imatrix, group_size: 0, ignore: []}}
              searched: {kind: quant.apply, inputs: {model: student.sft}, parameters: {scheme: Q5_K_M, method: rtn, group_size: 0, ignore: []}}
              mixed-answers: {kind: eval.generate, inputs: {model: mixed, data: data}, parameters: {sets: [test], max_tokens: 12, prompt: query, answer: call}}
              float8-answers: {kind: eval.generate, inputs: {model: float8, data: data}, parameters: {sets: [test], max_tokens: 12, prompt: query, answer: call}}
              smooth-answers: {kind: eval.generate, inputs: {model: smooth, data: data}, parameters: {sets: [test], max_tokens: 12, prompt: query, answer: call}}
            """)
    }

    private func ran(_ program: DecantProgram) throws -> [String: String] {
        let events = try program.run("build", "tiny.yaml", "--json").events
        return Dictionary(
            uniqueKeysWithValues: events.filter { $0["event"] == "stage-finished" && $0["cached"] != true }.map {
                ($0["stage"]?.string ?? "", $0["artifact"]?.string ?? "")
            })
    }

    @Test func aBitWidthMoreRunsNothingBeforeQuantization() throws {
        let program = try Self.program("quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 40}")
        let first = try ran(program)
        #expect(first["student.sft.statistics"] != nil)
        let path = "student.sft.W8A16"
        try program.edit("tiny.yaml", "judge: {kind: ast}", "judge: {kind: ast}\nmatrix: {quantize.scheme: [W4A16, W8A16]}")
        let again = try ran(program).keys.sorted()
        // Answers that are those of the other scheme were judged before.
        let judged = again.filter { $0 == "\(path).scores" }
        #expect(again == (judged + [path, "\(path).answers", "\(path).cost", "report"]).sorted())
    }

    /// Change a digest only together with the revision of `quant.calibrate` or `quant.apply`.
    @Test func methodsAndLayoutsKeepTheirDigests() throws {
        let program = try Self.everyMethod()
        let wanted = [
            "student.sft.statistics", "student.sft.W4A16", "ordered", "eased", "behind", "smooth", "float8", "float8-answers",
            "smooth-answers", "mixed", "searched", "mixed-answers",
        ]
        let digests = try ran(program)
        let lines = wanted.map { "\($0) \(digests[$0] ?? "did not run")" }
        try golden.expect(lines.joined(separator: "\n") + "\n", equals: "quantization-digests.txt")
        let threads = try Self.program(
            "quantize: {scheme: W4A16, method: quantease, group_size: 32, num_calibration_samples: 40}")
        let one = try threads.run("build", "tiny.yaml", "student.sft.W4A16", "--json", "--threads", "1").events
        let again = try Self.program(
            "quantize: {scheme: W4A16, method: quantease, group_size: 32, num_calibration_samples: 40}")
        let two = try again.run("build", "tiny.yaml", "student.sft.W4A16", "--json", "--threads", "2").events
        func artifacts(_ events: [JSON]) -> [String] { events.compactMap { $0["artifact"]?.string } }
        #expect(artifacts(one).count >= 4 && artifacts(one).sorted() == artifacts(two).sorted())
    }

    /// The file that is measured is the one that is exported.
    @Test func aMixIsMeasuredAndExported() throws {
        let program = try Self.program("quantize: {scheme: Q6_K, method: imatrix, num_calibration_samples: 40}")
        let ran = try ran(program)
        let path = "student.sft.Q6_K"
        for stage in ["student.sft.statistics", path, "\(path).answers", "\(path).cost"] {
            #expect(ran[stage] != nil, "\(stage)")
        }
        let shown = try JSON(parsing: program.run("show", path, "--json").output)
        let files = try #require(shown["files"]?.array)
        func size(_ name: String) -> Int? { files.first { $0["path"]?.string == name }?["size"]?.integer }
        #expect(size("model.gguf") != nil && size("config.json") != nil && size("model.safetensors") == nil)
        #expect(try program.run("show", "\(path).cost").output.contains("\(size("model.gguf") ?? 0)"))
        let exported = try program.run("export", path, "out", "--format", "gguf")
        #expect(exported.output.hasPrefix("1 file"))
        let content = try Data(contentsOf: program.folder.appending(path: "out/model.gguf"))
        #expect(content.count == size("model.gguf"))
        try program.run("export", path, "halves", "--format", "gguf", "--type", "F16")
        #expect(try Data(contentsOf: program.folder.appending(path: "halves/model.gguf")).count > content.count)
        let base = try program.run("export", "student.sft", "base", "--format", "gguf", "--type", "q6_k")
        #expect(base.errors.contains("GGUF has no name for the way in which this tokenizer cuts text"))
        let again = try Data(contentsOf: program.folder.appending(path: "base/model.gguf"))
        #expect(again.count < content.count + 200 && again != content)
    }
}
