import ArgumentParser
import CanonicalJSON
import Store

struct FsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Check every object, ref and stage commit of the store.",
        discussion: "Every object is hashed again. Exits with 1 where something is wrong.")

    @Flag(help: "Put aside what is damaged, and name again what lost its name; the next build makes the rest anew.")
    var repair = false

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        let check = try store.check()
        let steps = repair ? try store.repair(check.problems).steps : []
        if output.asJSON {
            Console.output(json(of: check, steps: steps).canonicalText)
        } else {
            for problem in check.problems { Console.output(problem.description) }
            for step in steps { Console.output("repaired: \(step)") }
            let collected = check.collected > 0 ? " (\(check.collected) collected)" : ""
            let problems = check.problems.count == 1 ? "1 problem" : "\(check.problems.count) problems"
            Console.output("\(check.objects) objects, \(check.commits) stage commits\(collected), \(problems)")
            if !check.problems.isEmpty, !repair { Console.hint("fsck --repair") }
        }
        if !check.problems.isEmpty { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }

    private func json(of check: StoreCheck, steps: [String]) -> JSON {
        var members: [String: JSON] = [
            "objects": .integer(Int64(check.objects)), "commits": .integer(Int64(check.commits)),
            "collected": .integer(Int64(check.collected)), "problems": .array(check.problems.map { .string($0.description) }),
        ]
        if repair { members["repaired"] = .array(steps.map(JSON.string)) }
        return .object(members)
    }
}
