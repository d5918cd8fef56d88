import ArgumentParser
import Foundation

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Begin a new domain: a recipe, functions and utterance templates that build as they stand."
    )

    @Argument(help: "The domain's name: letters, digits, '-' and '_'.")
    var name: String

    @Option(help: "The folder to write into.")
    var directory = "."

    func run() throws {
        let isWord = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
        }
        guard isWord, let first = name.utf8.first, first != 45, first != 95, name.utf8.count <= 64 else {
            throw CommandFailure.badInput(
                "'\(name)' cannot name a domain: use letters, digits, '-' and '_', a letter or digit first")
        }
        let folder = URL(fileURLWithPath: directory, isDirectory: true)
        let files = Scaffold.files(for: name)
        for (path, _) in files where FileManager.default.fileExists(atPath: folder.appending(path: path).path) {
            throw CommandFailure.badInput("\(shown(path)) is there already; nothing was written")
        }
        try FileManager.default.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path), options: .withoutOverwriting)
            Console.output(shown(path))
        }
        Console.hint("build \(shown("\(name).yaml"))")
    }

    private func shown(_ path: String) -> String { directory == "." ? path : "\(directory)/\(path)" }
}

/// The files of a new domain: small enough to build within a minute, complete enough to change line by line.
enum Scaffold {
    /// Texts by path.
    static func files(for name: String) -> [(path: String, text: String)] {
        [("\(name).yaml", recipe(name)), ("\(name)/functions.yaml", functions), ("\(name)/utterances.yaml", utterances)]
    }

    private static func recipe(_ name: String) -> String {
        """
        # 'decant check' says what is wrong with this file, 'decant plan' what a build would run, 'decant build' runs it.
        decant: 1
        name: \(name)
        description: What the models of this domain are for.

        sources:
          functions: {path: \(name)/functions.yaml}      # what can be called
          utterances: {path: \(name)/utterances.yaml}    # how people ask for it

        data:
          generate: {functions: functions, templates: utterances, count: 3k}
          split: {test: 10%, valid: 2%}
          prompt: query

        tokenizer: {vocabulary: 400}
        teacher: {init: {hidden: 96, layers: 3, heads: 4, kv_heads: 2, intermediate: 192}, transfer: "SFT(steps: 300)"}
        student: {init: {hidden: 64, layers: 3, heads: 4, kv_heads: 2, intermediate: 128}}

        transfer: "KD[0.5FKL+0.5CE](steps: 300)"    # the student learns from the teacher's logits and from its answers
        prune: {ratio: 20%, recover: "KD(steps: 80)"}
        quantize: {scheme: W8A16, group_size: 32}
        evaluate: {sets: [test, phrasing], metrics: [ar, exact, flops]}

        """
    }

    private static let functions = """
        # Names, descriptions and parameters; every parameter has a type: string, integer, number or boolean.
        start_timer:
          description: Start a timer.
          parameters:
            minutes: {type: integer}
        cancel_timer:
          description: Cancel the running timer.
        add_item:
          description: Put something on the shopping list.
          parameters:
            item: {type: string, enum: [milk, bread, eggs, apples, rice, tea]}
            amount: {type: integer}
          required: [item]    # all others may be left out
        read_list:
          description: Read the shopping list out.

        """

    private static let utterances = """
        # A slot takes one of its values; {say: …, value: …} is said otherwise than it is called.
        slots:
          item: [milk, bread, eggs, apples, rice, tea]
          minutes: {from: 1, to: 60}
          amount: {from: 2, to: 9}
        prefixes: ["", hey, "could you"]
        suffixes: ["", please]
        templates:
          start_timer:
            - "start a timer for {minutes} minutes"
            - "set a {minutes} minute timer"
            - "remind me in {minutes} minutes"
            - "wake me after {minutes} minutes"
            - "count down {minutes} minutes"
          cancel_timer:
            - "cancel the timer"
            - "stop the timer"
            - "forget the countdown"
            - "turn the timer off"
          add_item:
            - "put {item} on the list"
            - "add {item} to the shopping list"
            - "we need {amount} {item}"
            - "buy {amount} {item}"
            - "add {amount} {item} to the list"
          read_list:
            - "read the shopping list"
            - "what is on the list"
            - "what do we need to buy"
            - "tell me the list"
        no_call:
          - "good morning"
          - "what a day"
          - "never mind"

        """
}
