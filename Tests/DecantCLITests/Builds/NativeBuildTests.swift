import BuildModel
import CanonicalJSON
import Foundation
import Stages
import Testing

/// A recipe that asks for the kernels of this processor.
@Suite struct NativeBuildTests {
    private static func keys(_ program: DecantProgram) throws -> [String: JSON] {
        let plan = try #require(try program.run("plan", "tiny.yaml", "--json").events.first)
        return Dictionary((plan["stages"]?.array ?? []).map { ($0["name"]?.string ?? "", $0) }, uniquingKeysWith: { $1 })
    }

    private static let here = Numerics.native(.ofThisMachine).rawValue

    @Test func theProfileIsPartOfTheKeysOfWhatRunsAModel() throws {
        let program = try DecantProgram()
        try program.build()
        let portable = try Self.keys(program)
        try program.write(DecantProgram.tinyRecipe + "\nnumerics: native\n", to: "tiny.yaml")
        let native = try Self.keys(program)
        #expect(native["data"]?["state"] == "cached")
        #expect(native["data"]?["key"] == portable["data"]?["key"])
        let teacher = try #require(native["teacher.sft"])
        #expect(teacher["state"] == "stale")
        #expect(teacher["key"] != portable["teacher.sft"]?["key"])
        let why = try #require(teacher["why"]?.array)
        #expect(why.count == 1)
        #expect(why[0]["field"] == "numerics")
        #expect(why[0]["file"] == "tiny.yaml")
        #expect(why[0]["line"] == 19)
        #expect(why[0]["old"] == "portable")
        #expect(why[0]["new"] == .string(Self.here))
        #expect(
            try program.run("explain", "tiny.yaml", "teacher.sft").output.contains(
                #"numerics: "portable" → "\#(Self.here)" (tiny.yaml:19:11)"#))

        let ran = try program.build().strings("ran")
        #expect(ran.contains("teacher.sft") && ran.contains("student.kd"))
        #expect(!ran.contains("data"))
        #expect(try program.build().strings("ran") == [])
        #expect(try program.run("show", "student.kd").output.contains("  numerics    \(Self.here)\n"))
        #expect(try program.run("show", "data").output.contains("  numerics    portable\n"))
        #expect(try program.run("lineage", "student.kd").output.contains("kd.train  \(Self.here)"))
        #expect(try program.run("verify", "tiny", "--stage", "kd.train", "--threads", "1").output.contains("0 differ"))
    }

    private static let isNarrow = here == "native-avx2"

    @Test(.enabled(if: !isNarrow, "there is no other family to force on this processor"))
    func anotherFamilyHasOtherKeys() throws {
        let program = try DecantProgram()
        try program.write(DecantProgram.tinyRecipe + "\nnumerics: native\n", to: "tiny.yaml")
        program.extraEnvironment["DECANT_VECTORS"] = "avx2"
        try program.run("build", "tiny.yaml", "--json")
        let other = try Self.keys(program)
        #expect(other.values.allSatisfy { $0["state"] == "cached" })

        program.extraEnvironment = [:]
        let here = try Self.keys(program)
        #expect(here["data"]?["key"] == other["data"]?["key"])
        #expect(here["teacher.sft"]?["key"] != other["teacher.sft"]?["key"])
        #expect(here["teacher.sft"]?["why"]?[0]?["old"] == "native-avx2")
        #expect(here["teacher.sft"]?["why"]?[0]?["new"] == .string(Self.here))
        // A stage computes as its action says, so a machine that runs the family's kernels can make its bytes again.
        #expect(try program.run("verify", "tiny", "--stage", "kd.train", "--threads", "1").output.contains("0 differ"))
    }

    @Test(.enabled(if: !isNarrow, "there is no narrower family than this processor's"))
    func whatDoesNotRunHereIsNotVerified() throws {
        let program = try DecantProgram()
        try program.write(DecantProgram.tinyRecipe + "\nnumerics: native\n", to: "tiny.yaml")
        try program.run("build", "tiny.yaml", "--json")
        program.extraEnvironment["DECANT_VECTORS"] = "avx2"
        let refused = try program.run("verify", "tiny", status: 2)
        #expect(
            refused.errors.contains("nothing was run: only a machine that runs the same kernels can make these bytes again"))
        #expect(refused.errors.contains("this one's native numerics are native-avx2"))
        #expect(refused.errors.contains("\n  teacher.sft has the numerics \(Self.here)"))
        #expect(refused.output == "")
        // What runs no model is portable, and verified anywhere.
        #expect(try program.run("verify", "tiny", "--stage", "data.split").output.contains("0 differ"))
    }

    /// Where native has no kernels of its own, its bytes are the portable ones; so the stages behind run no second time.
    @Test func nativeWithoutKernelsOfItsOwnGivesThePortableBytes() throws {
        let program = try DecantProgram()
        program.extraEnvironment["DECANT_VECTORS"] = "avx2"
        let portable = try program.build()
        try program.write(DecantProgram.tinyRecipe + "\nnumerics: native\n", to: "tiny.yaml")
        let native = try program.build()
        #expect(native.strings("ran").contains("student.kd"))
        #expect(!native.strings("ran").contains("report"))
        #expect(native["targets"]?[0]?["artifact"] == portable["targets"]?[0]?["artifact"])
    }
}
