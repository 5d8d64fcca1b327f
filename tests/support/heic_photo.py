"""A HEIC file, as nothing here can write one: 32 x 24 pixels in four colours, turned by a phone.

Drawn with NumPy for these tests and encoded by pillow-heif 1.8.1 (x265, quality 60). The container
says that the picture is turned by 90 degrees (irot), and EXIF says so once more, as iPhones do:
upright it is 24 wide and 32 high.
"""

import base64

# upright, from the top left: blue, red; white, green
QUARTERS = (((30, 30, 220), (220, 30, 30)), ((250, 250, 250), (30, 200, 30)))
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAcdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB6wABAAAAAAAAAQ0AAgAAAAAC+AABAAAAAAAAACQAAAA4aWlu"
    "ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAB"
    "BmlwcnAAAADlaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPBiQAA"
    "ABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAAAAIAAAAAEAAAAYAAAAAf///+AA"
    "AAAC////2AAAAAIAAAAQcGl4aQAAAAADCAgIAAAACWlyb3QDAAAAGWlwbWEAAAAAAAAAAQABBoECAwWEhgAAABpp"
    "cmVmAAAAAAAAAA5jZHNjAAIAAQABAAABOW1kYXQAAAEJKAGvCch46SXAI5tR/xwv+2Ghutb76Fa/mZng32cgHJf/"
    "NIiczrvBWnVJj96a/jAhm+8+Y/4X42n2UBMhJg0A94/6LzvhtOxuauExdLpzmVOgwtEQsVU6KKny5GlqciRuV4Bx"
    "PSCuw6r98xvJwEJHrcZzo+i+oJNmskUHFaux4Mwpxidvgtf4gBvG9bqMwGJkBYJcBEa5W6S8AgpusrwlCN8XqAAM"
    "dHdEw/6IPM7V4Dn+1Ddc3QzjuMpiFZsCDM5Ky4CaCIRG87jmFSuxa63ibEAlfk8KYaJlkAuVXwJtUTbXFSUcf7lx"
    "UUvkWeMmecpAJ2BRwefbUGWU2o6PK1k+TrnEkeGgUrtE4AAAAAZFeGlmAABNTQAqAAAACAABARIAAwAAAAEABgAA"
    "AAAAAA=="
)
