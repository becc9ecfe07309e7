"""The C ABI through ctypes: what it takes to call the shared library from Python with nothing else."""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_void_p


class Bytes(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t), ("capacity", c_size_t)]


class Seed(ctypes.Structure):
    _fields_ = [("bytes", c_uint8 * 32)]


class Error(ctypes.Structure):
    _fields_ = [("status", c_int32), ("retry_after_seconds", c_uint32), ("field", c_char * 120), ("message", c_char * 512)]


class Refused(Exception):
    """A status that is not 0."""

    def __init__(self, code, error):
        super().__init__(code, error.field.decode(), error.message.decode())
        self.code = code


class Library:
    def __init__(self, path):
        self._c = ctypes.CDLL(path)
        self._c.tokenmint_status_name.restype = c_char_p
        self._c.tokenmint_version.restype = c_char_p
        self._c.tokenmint_bytes_free.argtypes = [POINTER(Bytes)]
        self._c.tokenmint_bytes_free.restype = None

    def abi_version(self):
        return self._c.tokenmint_abi_version()

    def call(self, name, *arguments):
        """Calls a function that returns a status. Texts and bytes become pointer and length, `None` is NULL and 0."""
        given = []
        for argument in arguments:
            if argument is None:
                given += [None, c_size_t(0)]
            elif isinstance(argument, (str, bytes)):
                data = argument.encode() if isinstance(argument, str) else argument
                given += [c_char_p(data), c_size_t(len(data))]
            else:
                given.append(argument)
        error = Error()
        status = getattr(self._c, f"tokenmint_{name}")(*given, byref(error))
        if status != 0:
            assert error.status == status, (error.status, status)
            raise Refused(self._c.tokenmint_status_name(status).decode(), error)

    def data(self, name, *arguments):
        """Calls a function whose one result is bytes."""
        found = Bytes()
        self.call(name, *arguments, byref(found))
        return self.take(found)

    def text(self, name, *arguments):
        """Calls a function whose one result is text."""
        data = self.data(name, *arguments)
        return None if data is None else data.decode()

    def take(self, found):
        """A copy of bytes, which are given back; `None` where there is nothing."""
        if not found.data:
            return None
        assert ctypes.string_at(found.data + found.length, 1) == b"\0"
        data = ctypes.string_at(found.data, found.length)
        self._c.tokenmint_bytes_free(byref(found))
        assert not found.data
        return data

    def handle(self, kind, name, *arguments):
        """Calls a function whose result is a handle."""
        found = c_void_p()
        self.call(name, *arguments, byref(found))
        return self.own(kind, found)

    def own(self, kind, pointer):
        """A handle that is freed with the object."""
        return Handle(self._c, kind, pointer)

    def decode_header(self, token):
        """The header of a token that nobody has verified."""
        header = Bytes()
        self.call("decode_unverified", token, byref(header), c_void_p())
        return self.take(header)


class Handle:
    """A handle, freed with this object."""

    def __init__(self, library, kind, pointer):
        self._free, self._as_parameter_ = getattr(library, f"tokenmint_{kind}_free"), pointer

    def __del__(self):
        self._free(self._as_parameter_)


def seed(digits):
    return byref(Seed((c_uint8 * 32)(*bytes.fromhex(digits))))


def seconds(time):
    return c_int64(time)


def micros(time):
    return c_int64(time * 1_000_000)

