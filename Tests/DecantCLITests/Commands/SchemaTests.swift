import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Kinds

/// The JSON Schema that `decant schema` prints, asked with a stock validator; and the tables made from the same definitions.
@Suite struct SchemaTests {
    private static func validate(_ paths: [String], with program: DecantProgram) throws -> [String: Bool] {
        try program.write(program.run("schema").output, to: "schema.json")
        let script = Checkout.file("scripts/validate-recipes").path
        let list = paths.map { "'\($0)'" }.joined(separator: " ")
        let lines = try program.shell("'\(script)' schema.json \(list) || true").split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                let parts = line.components(separatedBy: ": ")
                return parts.count > 1 ? (parts[0], parts[1].hasPrefix("valid")) : nil
            })
    }

    @Test func rightRecipesAreValid() throws {
        let program = try DecantProgram()
        try program.run("init", "pantry")
        try program.write(Self.everything, to: "everything.yaml")
        try program.write(Self.asked, to: "asked.yaml")
        try program.write(Self.ingested, to: "ingested.yaml")
        try program.write(Self.judged, to: "judged.yaml")
        try program.write(Self.turned, to: "turned.yaml")
        let shipped = Checkout.file("recipes")
        let recipes = try FileManager.default.contentsOfDirectory(atPath: shipped.path).filter { $0.hasSuffix(".yaml") }
        #expect(recipes.count >= 2)
        let paths =
            recipes.map { shipped.appending(path: $0).path } + [
                "tiny.yaml", "pantry.yaml", "everything.yaml", "asked.yaml", "ingested.yaml", "judged.yaml", "turned.yaml",
            ]
        let results = try Self.validate(paths, with: program)
        #expect(results.count == paths.count)
        #expect(results.filter { !$0.value }.isEmpty, "\(results)")
        // What the schema accepts here, the reader accepts as well, though this version cannot run all of it.
        try program.write("x", to: "train.py")
        let problems = try program.run("check", "everything.yaml", status: 2).errors.matches(of: /error\[([a-z-]+)\]/)
        #expect(!problems.isEmpty && problems.allSatisfy { $0.output.1 == "not-yet" })
        #expect(try program.run("check", "asked.yaml").output.contains("no problems"))
        for file in ["check.py", "labels.jsonl"] { try program.write("x", to: file) }
        #expect(try program.run("check", "judged.yaml").output.contains("no problems"))
        try program.write("A text.\n\nAnother one.\n", to: "text.txt")
        #expect(try program.run("check", "turned.yaml").output.contains("no problems"))
    }

    /// What one field alone shows to be wrong, the schema shows as well.
    @Test func wrongRecipesAreNot() throws {
        let folder = Checkout.file("Tests/RecipeLanguageTests/Golden/input")
        let names = [
            "candidates-fields", "candidates-list", "evaluate-clients", "data-flag", "extends-not-a-path", "judge-verdict",
            "matrix-not-a-mapping",
            "matrix-exclude-shape", "missing-data",
            "missing-version", "no-mapping", "out-of-range", "prune-recover-mixture", "quantize-calibration",
            "source-not-a-mapping", "split", "stage-exec-environment", "stage-exec-limits", "stage-inputs-list",
            "stage-not-a-mapping", "stages-not-a-mapping", "teacher-endpoint-fields", "transfer-long-option",
            "transfer-mapping",
            "unknown-field", "unknown-field-at-top", "unknown-value", "unknown-version", "variables-not-a-mapping",
            "wrong-type",
        ]
        let paths = names.map { folder.appending(path: "\($0).yaml").path }
        let results = try Self.validate(paths, with: try DecantProgram())
        #expect(results.count == paths.count)
        // These are wrong in what a text means, which axes there are, or what another recipe could add.
        let beyond: Set = ["matrix-exclude-shape", "prune-recover-mixture", "teacher-endpoint-fields"]
        for (name, path) in zip(names, paths) { #expect(results[path] == beyond.contains(name), "\(name)") }
    }

    /// Every field has its line in the documentation, made from its definition.
    @Test func theDocumentationListsEveryField() throws {
        let page = try String(contentsOf: Checkout.file("docs/recipe-language.md"), encoding: .utf8)
        let tables = try DecantProgram().run("schema", "--format", "markdown").output
        #expect(tables.components(separatedBy: "\n| `").count > 100)
        #expect(page.contains(tables), "run 'decant schema --format markdown' and put its tables into docs/recipe-language.md")
    }

    /// Every stage kind has its line and its table of parameters, made from its declaration.
    @Test func theDocumentationListsEveryKind() throws {
        let page = try String(contentsOf: Checkout.file("docs/stage-kinds.md"), encoding: .utf8)
        for kind in KindCatalogue.standard.kinds { #expect(page.contains("`\(kind.name)`"), "\(kind.name)") }
        let tables = try DecantProgram().run("schema", "--format", "kinds").output
        #expect(page.contains(tables), "run 'decant schema --format kinds' and put its tables into docs/stage-kinds.md")
    }

    /// Every field of an endpoint, twice.
    static let asked = """
        decant: 1
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data:
          generate: {functions: functions, templates: utterances}
          candidates: {count: 4, similar: 50%, missing: 0.2}
          prompt: tools
        teacher:
          endpoint:
            url: https://api.example.org/v1
            model: large
            api_key_env: TEACHER_KEY
            max_requests: 10k
            max_cost: 4.5
            price: {prompt: 0.15, answer: 0.6}
            concurrency: 8
            timeout: 2 min
            retries: 5
        judge:
          kind: model
          endpoint: {url: "http://localhost:8000/v1", model: small, api_key_env: "", max_requests: 0}
          checks: [format]
          reference: none
          verdict: {pattern: "Verdict: (.*)"}
          max_tokens: 1k
          votes: 3
          temperature: 0.5
          seed: 4
          rubric: {grades: 10, threshold: 7, criteria: [It calls the right function., Its arguments are right.]}
        transfer: RFT
        """

    /// A list of judges, one of them a program; labels, and a comparison.
    static let judged = """
        decant: 1
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          script: {path: check.py}
          labels: {path: labels.jsonl}
        data: {generate: {functions: functions, templates: utterances}}
        judge:
          - format
          - kind: exec
            command: python3 inputs/script/check.py
            script: script
            time_limit: 5 min
            validate: {labels: labels, agreement: 93%, kappa: 0.8}
        evaluate: {compare: {with: teacher, pairs: 50, seed: 2}}
        """

    /// Formats and sets of every form.
    static let ingested = """
        decant: 1
        sources: {a: {path: a.jsonl}, b: {path: b.jsonl}, c: {path: c.jsonl}}
        data:
          ingest:
            format: openai
            train: [a, {from: b, format: xlam}]
            test: {from: [b, c], format: bfcl}
            sets: {simple: {from: [b, c], format: bfcl, limit: 100}, other: {from: c}}
        evaluate: {sets: [test, simple, other]}
        """

    /// Turns of pruning, data to calibrate on, and a cached prefix in every form.
    static let turned = """
        decant: 1
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}, text: {path: text.txt}}
        data: {generate: {functions: functions, templates: utterances}}
        student: {init: {hidden: 256, layers: 6, heads: 4, kv_heads: 2, intermediate: 512}}
        transfer: SFT
        sample: none
        prune:
          - {method: depth, layers: 1, data: text, samples: 20, recover: none}
          - method: width
            ratio: 20%
            granularity: {hidden: 16, intermediate: 32}
            data: {text: text, tokens: 20 × 64}
            search: {data: {set: valid, tokens: 8x32}}
            teacher: unpruned
            recover: "KD(steps: 5)"
          - {method: osscar, shape: {kv_heads: 1}, data: {tokens: 30 × 40}, recover: none}
        quantize: {scheme: W4A16, method: gptq, group_size: 16, data: {text: text}}
        evaluate: {cached_prefix: shared, metrics: [ar, flops, prefill_flops, cached_flops, decode_flops]}
        matrix:
          prune.1.layers: [1, 2]
          quantize.data: {rows: valid, text: {text: text, tokens: 8 × 32}}
        """

    static let everything = """
        decant: 1
        name: everything
        description: Every section with most of its fields.
        vars: {share: 20%, steps: 400}
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          script: {path: train.py}
          text: {http: https://example.org/text.txt, sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}
        data:
          generate: {functions: functions, templates: utterances, count: 2k, seed: 3, hold_out: {templates: 15%, values: 0.1}}
          split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}, limit: {train: 1k}, seed: 5, stratify: true}
          candidates: 4
          prompt: tools
          retrieve: {method: bm25, top_k: 5, add_missed: yes, document: json, recall_at: [1, 5, 7]}
          knowledge: {snippets: functions, method: bm25, top_k: 2}
          compress_prompt: true
        tokenizer: {vocabulary: 300}
        teacher: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128, tied: true}, transfer: "SFT(steps: 150)+RL", seed: 11}
        student: {init: {hidden: 64, layers: 4}, seed: 12}
        sample: {samples: 2, temperature: 0.7, max_tokens: 64, seed: 13, constrained: true}
        judge: {kind: exact, keep: 1}
        reward: {format: 1, names: 0.5, judge: 0.5, length: 0.2, tokens: 30, malformed: -2, required: yes}
        datasets: {more: {generate: {functions: functions, templates: utterances, count: 100}, split: {test: 5%}, sample: {samples: 2}}}
        teachers: {wide: {init: {hidden: 128}, answers: {domain: ["play_*"]}}, other: {answers: 2, weight: 0.5}}
        transfer:
          - {step: KD*, loss: {AKL(0.5): 0.5, CE: 50%}, steps: "${steps}", top_k: 8, prompt: 5%, max_length: 256}
          - {step: oKD, loss: FKL, tokens: 30, fraction: 0.5}
          - {step: RL, rollouts: 4, kl: 1e-2}
        prune: {method: depth, ratio: [20%, 40%], samples: 64, data: train, recover: "KD(steps: 15)"}
        quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 128, damping: 1%, activation_order: yes, ignore: [lm_head]}
        evaluate: {sets: [test, phrasing], metrics: [ar, exact, flops, perplexity, loss, latency, speed], max_tokens: 48, constrained: true, perplexity: {text: text, stride: 128, context: 256}, clients: [1, 8], rates: [1, 2.5], load_time: 2 s, cold_cache: no, slo: {ttft: 100 ms, tpot: 20 ms}, core_price: 0.04, domains: {home: [set_light]}}
        baseline: {kind: icsf, encoder: text, training: {steps: 10, warmup: 5%}}
        stages:
          torch: {command: [python3, inputs/script/train.py], inputs: {script: script, data: data}, environment: {SEED: 1}, outputs: [model.safetensors], time_limit: 30 min, memory: 4 GiB}
          smaller: {kind: quant.apply, inputs: {model: torch}, parameters: {scheme: W8A16, method: rtn, group_size: 32, ignore: []}}
        matrix:
          quantize.scheme: [W4A16, W8A16, none]
          vars.steps: [400, 500]
          exclude: [{quantize.scheme: none, vars.steps: 500}]
        """
}
